"""What a simulated provider looks like: every knob, frozen."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field, model_validator


class World(BaseModel):
    """A simulated provider; the same world is the same bytes.

    Shares are of `accounts`. The groups of one world do not overlap; who is in none is a lone
    account.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    accounts: int = Field(3000, ge=50, le=2_000_000, description="accounts in all, rings included")
    days: int = Field(7, ge=1, le=366, description="days that end on `end`")
    seed: int = Field(0, ge=0, description="seed of everything random")
    end: date = Field(date(2026, 11, 22), description="last day")
    requests_per_account_day: float = Field(
        4.0,
        gt=0,
        le=10_000,
        description="requests over accounts times days, on average; volumes are lognormal",
    )

    ring_share: float = Field(0.08, ge=0, le=0.9, description="accounts that ring operators run")
    ring_size_min: int = Field(5, ge=2, description="members of the smallest ring")
    ring_size_max: int = Field(300, ge=2, description="members of the largest ring")
    hard_ring_share: float = Field(
        0.2, ge=0, le=1, description="rings tied by nothing but their wrapper, or their addresses"
    )
    wrapper_share: float = Field(
        0.75, ge=0, le=1, description="a ring's requests that its wrapper carries, on average"
    )
    replaced_share: float = Field(
        0.15, ge=0, le=0.5, description="a ring's members banned within the days and replaced"
    )

    household_share: float = Field(0.1, ge=0, le=1, description="accounts in households of 2 to 5")
    carrier_share: float = Field(0.12, ge=0, le=1, description="accounts behind a carrier's NAT")
    vpn_share: float = Field(0.03, ge=0, le=1, description="accounts behind a public VPN")
    harness_share: float = Field(
        0.04, ge=0, le=1, description="strangers who run the same coding harness"
    )
    viral_share: float = Field(
        0.04, ge=0, le=1, description="strangers who send the same viral prompt once or twice"
    )
    office_accounts: int = Field(
        10_000,
        ge=1,
        description="an office of 40 to 60 and one of 150 to 300 per so many; at least a small one",
    )
    company_accounts: int = Field(
        5_000,
        ge=1,
        description="one company of 10 to 40 on one card per so many; at least one",
    )

    pipeline_share: float = Field(
        0.15, ge=0, le=1, description="honest accounts that send a wrapper of their own"
    )
    banned_share: float = Field(
        0.01, ge=0, le=1, description="honest accounts banned for other reasons within the days"
    )
    free_share: float = Field(0.2, ge=0, le=1, description="accounts that never pay")
    v6_share: float = Field(0.35, ge=0, le=1, description="homes that have IPv6 besides IPv4")

    crowd: int = Field(
        0, ge=0, le=2_000_000, description="lone accounts on top, who change nothing for the others"
    )
    crowd_address: int = Field(
        0,
        ge=0,
        le=2_000_000,
        description="of the crowd, how many also use one and the same address",
    )
    crowd_prompt: int = Field(
        0,
        ge=0,
        le=2_000_000,
        description="of the crowd, how many also send one and the same prompt",
    )

    @model_validator(mode="after")
    def _fits(self) -> "World":
        """Refuse what cannot be built."""
        if self.ring_size_min > self.ring_size_max:
            raise ValueError(
                f"ring_size_min {self.ring_size_min} is above ring_size_max {self.ring_size_max}"
            )
        taken = (
            self.ring_share
            + self.household_share
            + self.carrier_share
            + self.vpn_share
            + self.harness_share
            + self.viral_share
        )
        if taken > 0.95:
            raise ValueError(f"the groups' shares add up to {taken:.2f}; at most 0.95 fits")
        return self

    @property
    def crowd_size(self) -> int:
        """Accounts on top: as many as the largest of the three crowd settings asks for."""
        return max(self.crowd, self.crowd_address, self.crowd_prompt)
