"""Settings: one TOML file, frozen, unknown names refused."""

from graphkit.settings.feeds import (
    AccountsFeed,
    AnyFeed,
    Form,
    MentionsFeed,
    PaymentsFeed,
    RequestsFeed,
    TimeUnit,
)
from graphkit.settings.load import load_settings, origins
from graphkit.settings.models import (
    FEEDS,
    CommunitySettings,
    DaySettings,
    GraphSettings,
    IngestSettings,
    KindSettings,
    RingSettings,
    RunSettings,
    Settings,
)

__all__ = [
    "FEEDS",
    "AccountsFeed",
    "AnyFeed",
    "CommunitySettings",
    "DaySettings",
    "Form",
    "GraphSettings",
    "IngestSettings",
    "KindSettings",
    "MentionsFeed",
    "PaymentsFeed",
    "RequestsFeed",
    "RingSettings",
    "RunSettings",
    "Settings",
    "TimeUnit",
    "load_settings",
    "origins",
]
