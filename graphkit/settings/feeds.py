"""Where a provider's own files are and what their columns are called.

A feed says that files below the snapshots folder hold rows of one table. A column that is not
named is looked for under its own name.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from graphkit.settings.paths import PathPattern

TimeUnit = Literal["iso", "s", "ms", "us"]
AmountUnit = Literal["usd", "cents"]
Form = Literal["parquet", "csv", "jsonl"]
Column = Annotated[str, Field(min_length=1)] | None


class Feed(BaseModel):
    """Files that hold rows of one table.

    Files whose path has `{date}` hold that day. Files without it hold many days, told apart by
    their times; without times they count on every day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: ClassVar[str]

    path: str = Field(
        description="files below the snapshots folder: {date} is the day, * any part of a name"
    )
    form: Form | None = Field(None, description="what the files are; unset, their names say it")
    time: TimeUnit = Field("iso", description="what times are: ISO 8601 text, or unix s, ms or us")
    account_id: Column = Field(None, description="the column that names the account")

    @field_validator("path")
    @classmethod
    def _understood(cls, value: str) -> str:
        PathPattern.parse(value)
        return value

    @property
    def pattern(self) -> PathPattern:
        """The path, understood."""
        return PathPattern.parse(self.path)

    def columns(self) -> dict[str, str]:
        """The canonical columns that go by a name of the settings; dots lead into objects."""
        named: dict[str, str] = self.model_dump(
            exclude={"path", "form", "time", "amount", "kind", "kind_column"}, exclude_none=True
        )
        return named


class AccountsFeed(Feed):
    """Files that hold accounts."""

    table = "accounts"

    created_at: Column = None
    email_domain: Column = Field(None, description="a mail domain, or a whole address")
    org_id: Column = None
    country: Column = None
    status: Column = None


class RequestsFeed(Feed):
    """Files that hold requests."""

    table = "requests"

    ts: Column = None
    ip: Column = None
    user_agent: Column = None
    tls_fingerprint: Column = None
    model: Column = None
    prompt: Column = None
    input_tokens: Column = None
    output_tokens: Column = None


class PaymentsFeed(Feed):
    """Files that hold payments."""

    table = "payments"

    amount: AmountUnit = Field("usd", description="what amounts are: dollars, or cents")
    ts: Column = None
    method: Column = None
    fingerprint: Column = None
    bin: Column = None
    last4: Column = None
    billing_name: Column = None
    billing_postal: Column = None
    billing_country: Column = None
    amount_usd: Column = None


class MentionsFeed(Feed):
    """Files that hold identifiers of one kind, or of the kinds that a column names.

    A row without an entity mentions nothing: one file of many columns may feed many kinds.
    """

    table = "mentions"

    kind: str | None = Field(
        None, pattern=r"^[a-z][a-z0-9_]{0,31}$", description="the kind of all rows"
    )
    kind_column: Column = Field(None, description="the column that names each row's kind")
    entity: Column = None
    ts: Column = None
    content_id: Column = None

    @model_validator(mode="after")
    def _one_kind(self) -> "MentionsFeed":
        if self.kind is not None and self.kind_column is not None:
            raise ValueError("either kind, one for all rows, or kind_column")
        return self

    def columns(self) -> dict[str, str]:
        """As of any feed; the kind's column among them."""
        named = super().columns()
        return named | ({"kind": self.kind_column} if self.kind_column else {})


AnyFeed = AccountsFeed | RequestsFeed | PaymentsFeed | MentionsFeed
