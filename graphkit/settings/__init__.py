"""Settings: one TOML file, frozen, unknown names refused."""

from graphkit.settings.load import load_settings, origins
from graphkit.settings.models import (
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
    "CommunitySettings",
    "DaySettings",
    "GraphSettings",
    "IngestSettings",
    "KindSettings",
    "RingSettings",
    "RunSettings",
    "Settings",
    "load_settings",
    "origins",
]
