"""What a simulated provider looks like: every knob, frozen. `levels` sets them by one number."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# What a ring may do, of three sorts; `operators.TACTICS` has a function for each.
# Shown by themselves: one signal ties the ring and nothing else.
Alone = Literal[
    "only_address",
    "only_card",
    "only_device",
    "only_domain",
    "only_org",
    "only_wrapper",
    "only_payload",
    "only_timing",
]
# What leaves members with something in common; a ring starts with one of these.
Sharing = Literal[
    "naive",
    "mixed",
    "split",
    "chain",
    "rotation",
    "reseller",
    "paraphrase",
    "dealt",
    "payloads",
    "turns",
    "jitter",
]
# What hides it. Those that send records elsewhere come first, so that what is shared keeps its
# share of all records.
Hiding = Literal[
    "proxies",
    "hub",
    "random",
    "popular",
    "pivot",
    "reverse",
    "framing",
]
TacticName = Literal[Alone, Sharing, Hiding]
# Of an innocent, what others can write into their own records.
Framing = Literal["both", "address", "prompt"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _share(default: float, description: str) -> float:
    """A setting between 0 and 1."""
    field: float = Field(default, ge=0, le=1, description=description)
    return field


class Network(_Frozen):
    """Where requests come from. Shares are of the honest accounts outside groups with their own."""

    v6_share: float = _share(0.35, "homes that have IPv6 besides IPv4")
    lease_min_d: int = Field(1, ge=1, le=60, description="days of the shortest address lease")
    lease_max_d: int = Field(6, ge=1, le=60, description="days of the longest")
    spare: float = Field(
        3.0, ge=1, le=30, description="addresses of a provider per home: low means passed on soon"
    )
    mobile_share: float = _share(0.15, "accounts that also go out through a carrier's NAT")
    carrier_accounts: int = Field(
        100, ge=1, description="accounts per address of a carrier; a carrier has 1,000 at most"
    )
    vpn_share: float = _share(0.05, "accounts that also go out through a public VPN")
    vpn_accounts: int = Field(40, ge=1, description="accounts per exit of a VPN")
    proxied_share: float = _share(0.01, "honest accounts behind residential proxies")
    cloud_share: float = _share(0.05, "accounts that also run in a datacenter or serverless")
    developer_cloud_share: float = _share(0.7, "the same of developers, whose programs run there")


class Honest(_Frozen):
    """Who is honest. Shares are of all accounts; groups by place do not overlap."""

    requests: float = Field(
        4.0, gt=0, le=10_000, description="requests per honest account and day, on average"
    )
    developer_share: float = _share(
        0.08, "honest accounts that work as ring members seem to: some 25 requests a day"
    )
    bout_share: float = _share(0.5, "developers that work for some days only and then go")
    trial_share: float = _share(
        0.12, "other accounts that are opened within the days, tried for one to three and left"
    )
    stopped_share: float = _share(0.5, "of those who go, those who are banned rather")
    household_share: float = _share(0.1, "in households of 2 to 5")
    several_share: float = _share(0.02, "of people with 2 to 6 accounts")
    office_share: float = _share(0.03, "in offices of 50 to 300 behind an address or two")
    campus_share: float = _share(0.03, "on campuses of 300 to 3,000")
    business_share: float = _share(0.02, "in small businesses of 3 to 40 on one card")
    agency_share: float = _share(0.01, "in agencies of 10 to 60 that work for many customers")
    integrator_share: float = _share(0.01, "keys of integrators: 20 to 200 on one card and egress")
    fleet_share: float = _share(0.01, "machine accounts in fleets of 10 to 300")
    classroom_share: float = _share(0.01, "in classes of 15 to 200 with a deadline")
    hackathon_share: float = _share(0.005, "in hackathon cohorts of 20 to 300")
    harness_share: float = _share(0.04, "strangers who run the same coding harness")
    viral_share: float = _share(0.04, "strangers who send the same viral prompt once or twice")
    template_share: float = _share(0.04, "strangers who use public templates")
    benchmark_share: float = _share(0.005, "strangers who run the same public benchmark")
    pipeline_share: float = _share(
        0.6, "developers that send a wrapper of their own; of others a fifth as many"
    )
    launch_share: float = _share(0.3, "accounts that move to the new model within the days")
    free_share: float = _share(0.2, "accounts that never pay")
    banned_share: float = _share(0.01, "accounts banned for other reasons within the days")


class Rings(_Frozen):
    """Who is not: rings of accounts that one operator runs."""

    share: float = Field(0.08, ge=0, le=0.9, description="of all accounts, those in rings")
    size_min: int = Field(5, ge=2, description="members of the smallest ring")
    size_max: int = Field(300, ge=2, description="members of the largest ring but the pool")
    pool: int = Field(0, ge=0, description="members of the one pool; 0 for none")
    requests: float = Field(
        25.6, gt=0, le=10_000, description="requests per member and day, on average"
    )
    tactics: dict[TacticName, Annotated[float, Field(ge=0)]] = Field(
        default={"naive": 1.0},
        description="how often a ring uses each tactic, by weight",
    )
    tactics_min: int = Field(1, ge=1, description="tactics of a ring, at least")
    tactics_max: int = Field(1, ge=1, description="and at most")
    strength: float = _share(
        0.75,
        "a member's activity that shows what its ring shares: of requests, for cards of payments",
    )
    holders: int = Field(
        10, ge=2, description="members per shared address, card, device, domain, organisation"
    )
    matched: float = _share(0.5, "members whose volume, age and hours are drawn as developers' are")
    replaced: float = _share(0.15, "members banned within the days and replaced")
    camouflage: float = _share(0.1, "records that a camouflage spends on strangers' things")
    succeeded: float = _share(0.0, "rings that are banned as a whole and followed by an heir")
    hijacked: float = _share(0.0, "of a ring, honest accounts that were taken over")
    junk: float = _share(0.0, "of a ring, accounts that are opened and hardly used")
    bridged: float = _share(0.0, "rings that one account ties to another operator's ring")
    # Came later: a world that leaves them be is written, and known, as it was before.
    framed: float = Field(
        0.2,
        gt=0,
        le=3,
        description="honest accounts per member that a ring frames if it does",
        exclude_if=lambda value: value == 0.2,
    )
    framing: Framing = Field(
        "both",
        description="what it copies of them: the addresses, the prompts, or both",
        exclude_if=lambda value: value == "both",
    )


class Crowd(_Frozen):
    """Lone accounts on top, in providers of their own, who change nothing for the others."""

    accounts: int = Field(0, ge=0, le=2_000_000, description="how many")
    address: int = Field(
        0, ge=0, le=2_000_000, description="of them, those who also use one and the same address"
    )
    prompt: int = Field(
        0, ge=0, le=2_000_000, description="of them, those who also send one and the same prompt"
    )

    @property
    def size(self) -> int:
        """As many as the largest of the three asks for."""
        return max(self.accounts, self.address, self.prompt)


class World(_Frozen):
    """A simulated provider; the same world is the same bytes."""

    accounts: int = Field(3000, ge=50, le=2_000_000, description="accounts in all, rings included")
    days: int = Field(7, ge=1, le=366, description="days that end on `end`")
    end: date = Field(date(2026, 11, 22), description="last day")
    seed: int = Field(0, ge=0, description="seed of everything random")
    level: int | None = Field(
        None, ge=0, le=4, description="the difficulty that set the knobs, if one did"
    )
    prompts: str = Field("packaged", description="SHA-256 of the corpus; `packaged` for our own")
    network: Network = Network()
    honest: Honest = Honest()
    rings: Rings = Rings()
    crowd: Crowd = Crowd()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse what cannot be built."""
        rings, honest = self.rings, self.honest
        if rings.size_min > rings.size_max:
            raise ValueError(f"size_min {rings.size_min} is above size_max {rings.size_max}")
        if rings.tactics_min > rings.tactics_max:
            raise ValueError(
                f"tactics_min {rings.tactics_min} is above tactics_max {rings.tactics_max}"
            )
        if rings.pool > rings.share * self.accounts:
            raise ValueError(f"a pool of {rings.pool} does not fit among the rings' accounts")
        if not any(rings.tactics.values()):
            raise ValueError("rings.tactics gives no tactic a weight")
        if self.network.lease_min_d > self.network.lease_max_d:
            raise ValueError("lease_min_d is above lease_max_d")
        taken = rings.share + sum(getattr(honest, f"{kind}_share") for kind in PLACES)
        if taken > 0.95:
            raise ValueError(f"the groups' shares add up to {taken:.2f}; at most 0.95 fits")
        return self


# Groups that do not overlap, since each says where its accounts are.
PLACES = (
    "household",
    "several",
    "office",
    "campus",
    "business",
    "agency",
    "integrator",
    "fleet",
    "classroom",
    "hackathon",
)
