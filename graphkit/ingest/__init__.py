"""Ingest: a day's files become checked tables; nothing is dropped without being counted."""

from graphkit.ingest.files import days_of
from graphkit.ingest.snapshot import Snapshot, check_tables, read_snapshot

__all__ = ["Snapshot", "check_tables", "days_of", "read_snapshot"]
