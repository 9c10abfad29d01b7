"""Settings: one TOML file, frozen, unknown names refused."""

from graphkit.settings.load import load_settings, origins
from graphkit.settings.models import (
    CommunitySettings,
    GraphSettings,
    IngestSettings,
    KindSettings,
    RingSettings,
    RunSettings,
    Settings,
)

__all__ = [
    "CommunitySettings",
    "GraphSettings",
    "IngestSettings",
    "KindSettings",
    "RingSettings",
    "RunSettings",
    "Settings",
    "load_settings",
    "origins",
]
