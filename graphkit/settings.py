"""Frozen settings, read from one TOML file; unknown names are refused."""

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from graphkit.errors import SettingsError, nearest


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IngestSettings(_Frozen):
    """How a day's files are read."""

    max_refused_share: float = Field(
        0.2,
        ge=0,
        le=1,
        description="share of a table's rows that may be refused before the run stops",
    )
    batch_rows: int = Field(131_072, ge=1, description="rows read at a time")


class GraphSettings(_Frozen):
    """How links become edges."""

    address_gap_h: int = Field(
        24,
        ge=0,
        description="hours between two accounts' uses of an address within which it is shared",
    )
    hub_caps: dict[str, int] = Field(
        default_factory=dict,
        description="accounts per entity above which it proposes no pair, by kind; "
        "goes before the weights table's",
    )
    prior_bits: float = Field(
        10.0, description="bits of evidence at which a pair is as likely operated together as not"
    )
    min_probability: float = Field(
        0.05, ge=0, lt=1, description="probability below which a pair is no edge"
    )


class CommunitySettings(_Frozen):
    """How edges become communities."""

    method: Literal["igraph", "leidenalg"] = Field(
        "igraph", description="whose Leiden optimises the constant Potts model"
    )
    resolution: float = Field(
        0.25, gt=0, le=1, description="resolution of the constant Potts model, as a probability"
    )
    iterations: int = Field(3, ge=1, description="rounds of the Leiden algorithm")


class RingSettings(_Frozen):
    """Which communities are rings."""

    min_size: int = Field(3, ge=2, description="members below which a community is no candidate")
    min_confidence: float = Field(
        0.5, ge=0, le=1, description="share of a member's evidence that must lie inside its ring"
    )
    min_member_bits: float = Field(
        10.0, ge=0, description="bits of evidence inside the ring below which a member is peeled"
    )
    signal_bits: float = Field(
        2.0, ge=0, description="bits of evidence from which a signal counts for a member or a ring"
    )
    min_score_bits: float = Field(12.0, description="score in bits from which a ring is published")
    min_signals: int = Field(
        2, ge=1, description="signals that must carry a ring for it to be published"
    )
    min_behaviour_bits: float = Field(
        4.0,
        description="bits of the score that must come from what the accounts do (prompts), not "
        "only from what they share",
    )
    shrink: float = Field(
        1.0,
        ge=0,
        description="members without evidence added to each ring before its score is averaged",
    )
    banned_statuses: tuple[str, ...] = Field(
        ("banned", "suspended", "terminated", "closed"),
        description="account statuses that count as banned",
    )


class Settings(_Frozen):
    """Everything that changes a result."""

    window_d: int = Field(30, ge=1, le=366, description="days that end on the run's date")
    seed: int = Field(0, ge=0, description="seed of everything random")
    ingest: IngestSettings = IngestSettings()
    graph: GraphSettings = GraphSettings()
    communities: CommunitySettings = CommunitySettings()
    rings: RingSettings = RingSettings()

    @field_validator("window_d", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        """Take `"30d"` as well as 30."""
        if isinstance(value, str) and value.removesuffix("d").isdecimal():
            return int(value.removesuffix("d"))
        return value


def load_settings(path: Path | None = None, **overrides: Any) -> Settings:
    """Read settings from a TOML file, then lay the overrides that are not None on top.

    Args:
        path: the file; defaults where None.
        overrides: top-level settings by name, for example `window_d=7` or `window_d="7d"`.

    Raises:
        SettingsError: the file cannot be read, holds an unknown name or a value that does not fit.
    """
    values: dict[str, Any] = {}
    source = "settings"
    if path is not None:
        source = f"settings file {path}"
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise SettingsError(
                f"{source} is not there",
                found="no such file",
                allowed="a TOML file",
                do="correct --settings, or leave it out for the defaults",
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise SettingsError(
                f"{source} cannot be read",
                found=str(error),
                allowed="a TOML file",
                do="correct the file at the place named",
            ) from None
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise _explain(error, source) from None


def _explain(error: ValidationError, source: str) -> SettingsError:
    """Turn pydantic's first complaint into ours."""
    first = error.errors()[0]
    where = [str(part) for part in first["loc"]]
    name = ".".join(where)
    if first["type"] == "extra_forbidden":
        model: type[BaseModel] = Settings
        for part in where[:-1]:
            model = type(model.model_fields[part].default)
        known = list(model.model_fields)
        return SettingsError(
            f"{source}: there is no setting {name!r}{nearest(where[-1], known)}",
            found=name,
            allowed=", ".join(known),
            do="correct or remove the name",
        )
    return SettingsError(
        f"{source}: setting {name!r} does not fit",
        found=repr(first.get("input")),
        allowed=first["msg"],
        do="correct the value",
    )
