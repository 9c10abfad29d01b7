"""Ingest: a day's files become checked tables; nothing is dropped without being counted."""

from graphkit.ingest.snapshot import Snapshot, check_tables, read_snapshot
from graphkit.ingest.snapshots import Snapshots, open_snapshots

__all__ = ["Snapshot", "Snapshots", "check_tables", "open_snapshots", "read_snapshot"]
