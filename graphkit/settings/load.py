"""Settings from a file, the environment and flags, one laid over the other."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from graphkit.errors import SettingsError, nearest
from graphkit.settings.models import FEEDS, Settings

_PREFIX = "GRAPHKIT_"
_PATHS = ("key", "benign", "cards")
_SECTIONS = ("ingest", "days", "graph", "communities", "rings", "run")


def load_settings(
    path: Path | str | None = None, *, environ: Mapping[str, str] | None = None, **flags: Any
) -> Settings:
    """Read settings from a TOML file, then lay environment and flags on top.

    Args:
        path: the file; defaults where None.
        environ: variables `GRAPHKIT_<SECTION>__<NAME>` count; none where None.
        flags: settings by name, sections as dictionaries; what is None is not set.

    Raises:
        SettingsError: the file cannot be read, holds an unknown name or a value that does not fit.
    """
    merged: dict[str, Any] = {}
    for source, values in _layers(path, environ, flags):
        merged = _over(merged, values)
        # Validated layer by layer, so that a complaint names the layer it comes from.
        try:
            settings = Settings.model_validate(merged)
        except ValidationError as error:
            raise _explain(error, source) from None
    return settings


def origins(
    path: Path | str | None = None, *, environ: Mapping[str, str] | None = None, **flags: Any
) -> dict[str, str]:
    """Say where each setting that is not a default comes from: file, environment or flag.

    Args:
        path: as of `load_settings`.
        environ: as of `load_settings`.
        flags: as of `load_settings`.

    Returns:
        Setting, as `section.name`, to its source.

    Raises:
        SettingsError: the file cannot be read.
    """
    found: dict[str, str] = {}
    for source, values in _layers(path, environ, flags):
        found |= dict.fromkeys(_names(values), source.split()[0].removesuffix("s"))
    return found


def _layers(
    path: Path | str | None, environ: Mapping[str, str] | None, flags: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    yield (
        f"file {path}" if path else "defaults",
        _placed(_renamed(_read(Path(path))), Path(path)) if path else {},
    )
    yield "environment", _from_environment(environ or {})
    yield "flags", _renamed({name: value for name, value in flags.items() if value is not None})


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    """Take `window` as people say it."""
    if "window" in values and "window_d" not in values:
        values = {"window_d" if name == "window" else name: v for name, v in values.items()}
    return values


def _placed(values: dict[str, Any], path: Path) -> dict[str, Any]:
    """Take the paths in a settings file from the folder where it lies."""
    run = values.get("run")
    if not isinstance(run, dict):
        return values
    placed = {
        name: str(path.parent / value) if name in _PATHS and isinstance(value, str) else value
        for name, value in run.items()
    }
    return values | {"run": placed}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"settings file {path} is not there",
            found="no such file",
            allowed="a TOML file",
            do="correct --settings, or leave it out for the defaults",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(
            f"settings file {path} cannot be read",
            found=str(error),
            allowed="a TOML file",
            do="correct the file at the place named",
        ) from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Variables that name a setting: GRAPHKIT_SEED, GRAPHKIT_RINGS__MIN_SIZE."""
    values: dict[str, Any] = {}
    for variable in sorted(environ):
        section, _, name = variable.removeprefix(_PREFIX).lower().rpartition("__")
        if not variable.startswith(_PREFIX) or not name:
            continue
        if section in _SECTIONS:
            values.setdefault(section, {})[name] = environ[variable]
        elif not section and name in ("window", "window_d", "seed"):
            values["window_d" if name == "window" else name] = environ[variable]
    return values


def _over(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values laid over others."""
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        nested = isinstance(below, dict) and isinstance(value, Mapping)
        merged[name] = _over(dict(below or {}), value) if nested else value
    return merged


def _names(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _names(value, f"{prefix}{name}.")
        yield prefix + name


def _explain(error: ValidationError, source: str) -> SettingsError:
    """Turn pydantic's first complaint into ours."""
    first = error.errors()[0]
    where = [str(part) for part in first["loc"]]
    name = re.sub(r"\.(\d+)", lambda at: f"[{int(at[1]) + 1}]", ".".join(where))
    place = "settings" if source == "flags" else f"settings {source}"
    if first["type"] == "extra_forbidden":
        known = _known(where[:-1])
        return SettingsError(
            f"{place}: there is no setting {name!r}{nearest(where[-1], known)}",
            found=name,
            allowed=", ".join(known),
            do="correct or remove the name",
        )
    return SettingsError(
        f"{place}: setting {name!r} does not fit",
        found="nothing" if first["type"] == "missing" else repr(first.get("input")),
        allowed=f"tables of an array: [[{name}]]"
        if first["type"] == "tuple_type" and name in FEEDS
        else first["msg"].removeprefix("Value error, "),
        do="correct the value",
    )


def _known(place: list[str]) -> list[str]:
    """The names that are allowed at a place of the settings."""
    model: type[BaseModel] = Settings
    for part in place:
        if part not in model.model_fields:
            continue  # A kind's name, or a feed's number.
        inner = [
            model.model_fields[part].annotation,
            *get_args(model.model_fields[part].annotation),
        ]
        models = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
        model = models[0] if models else model
    return list(model.model_fields)
