"""What can be set: frozen models, each setting with its unit and meaning."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from graphkit.settings.feeds import AccountsFeed, AnyFeed, MentionsFeed, PaymentsFeed, RequestsFeed

Signal = Literal["address", "payment", "device", "email", "organisation", "prompt", "mention"]


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


class DaySettings(_Frozen):
    """From where on a day is odd, and when it is so odd that the date is not judged."""

    far_share: float = Field(
        0.25,
        ge=0,
        le=1,
        description="share of a table's usual rows (the median of the window's other days) below "
        "which a day is odd; above its inverse too",
    )
    late_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="share of a table's rows with a time of another day above which a day is odd",
    )
    min_share: float = Field(
        0.01,
        ge=0,
        le=1,
        description="share of the usual events below which the date is not judged",
    )


class KindSettings(_Frozen):
    """What an entity of one kind is worth; what is left out is as in the table of kinds.

    A kind with `per_bit` is weighed by hand; the scorecard then leaves it alone.
    """

    signal: Signal | None = Field(None, description="the signal that the kind belongs to")
    hub_cap: int | None = Field(
        None, ge=1, description="accounts per entity above which it proposes no pair"
    )
    per_bit: int | None = Field(None, ge=0, description="millibits of evidence per bit of rarity")
    ceiling: int | None = Field(
        None, ge=0, description="the most that the kind adds to a pair, in millibits"
    )


class GraphSettings(_Frozen):
    """How links become edges."""

    address_gap_h: int = Field(
        24,
        ge=0,
        description="hours between two accounts' uses of an address within which it is shared",
    )
    kinds: dict[str, KindSettings] = Field(
        default_factory=dict,
        description="what an entity of a kind is worth, by kind; goes before the table of kinds",
    )
    trust_org_id: bool = Field(
        False,
        description="whether you have verified who is in which `org_id`; rings inside one "
        "organisation are then set apart",
    )
    prior_bits: float = Field(
        10.0,
        description="bits of evidence at which a pair that shares only what is weighed by hand is "
        "as likely operated together as not; the scorecard has its own",
    )
    min_probability: float = Field(
        0.02, ge=0, lt=1, description="probability below which a pair is no edge"
    )


class CommunitySettings(_Frozen):
    """How edges become communities."""

    method: Literal["igraph", "leidenalg"] = Field(
        "igraph", description="whose Leiden optimises the constant Potts model"
    )
    resolution: float = Field(
        0.03,
        gt=0,
        le=1,
        description="least resolution of the constant Potts model, as a probability",
    )
    split: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="share of its own mean probability at which a community is searched again; 0 "
        "for never",
    )
    iterations: int = Field(3, ge=1, description="rounds of the Leiden algorithm")


class RingSettings(_Frozen):
    """Which communities are rings."""

    min_size: int = Field(3, ge=2, description="members below which a community is no candidate")
    min_confidence: float = Field(
        0.65,
        ge=0,
        le=1,
        description="probability that a ring's operator runs an account, below which it is no "
        "member",
    )
    min_score_bits: float = Field(
        3.5, description="score, as log odds in bits, from which a ring is published"
    )
    banned_statuses: tuple[str, ...] = Field(
        ("banned", "suspended", "terminated", "closed"),
        description="account statuses that count as banned",
    )


class RunSettings(_Frozen):
    """How and with what a night runs; but for allow-list and cards it changes no result."""

    threads: int | None = Field(None, ge=1, description="threads to use; as many as cores if unset")
    memory: str | None = Field(
        None, description="memory of the query engine, as 3GB; 80% of the machine's if unset"
    )
    key: str | None = Field(None, description="file of the lake's key; beside the lake if unset")
    benign: str | None = Field(None, description="allow-list, a CSV file; none if unset")
    cards: str | None = Field(
        None, description="folder of scorecards from `graphkit fit`; the packaged ones if unset"
    )


class Settings(_Frozen):
    """Everything that changes a result."""

    window_d: int = Field(30, ge=1, le=366, description="days that end on the run's date")
    seed: int = Field(0, ge=0, description="seed of everything random")
    accounts: tuple[AccountsFeed, ...] = Field((), description="your own files of accounts")
    requests: tuple[RequestsFeed, ...] = Field((), description="your own files of requests")
    payments: tuple[PaymentsFeed, ...] = Field((), description="your own files of payments")
    mentions: tuple[MentionsFeed, ...] = Field((), description="your own files of mentions")
    ingest: IngestSettings = IngestSettings()
    days: DaySettings = DaySettings()
    graph: GraphSettings = GraphSettings()
    communities: CommunitySettings = CommunitySettings()
    rings: RingSettings = RingSettings()
    run: RunSettings = Field(RunSettings(), exclude=True)

    @field_validator("window_d", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        """Take `"30d"` as well as 30."""
        if isinstance(value, str) and value.removesuffix("d").isdecimal():
            return int(value.removesuffix("d"))
        return value

    def feeds(self, table: str) -> tuple[AnyFeed, ...]:
        """The feeds of a table; none where it keeps the canonical layout."""
        found: tuple[AnyFeed, ...] = getattr(self, table)
        return found

    def reading(self) -> dict[str, Any]:
        """What changes how a day is read, as plain values: a day read otherwise is another day."""
        return self.model_dump(mode="json", include={*FEEDS, "ingest"})


FEEDS: dict[str, type[AnyFeed]] = {
    feed.table: feed for feed in (AccountsFeed, RequestsFeed, PaymentsFeed, MentionsFeed)
}
