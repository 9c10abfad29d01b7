"""Detection: what a run found, and the questions people ask of it."""

from graphkit.detection.between import Between
from graphkit.detection.findings import Findings, families
from graphkit.detection.result import Detection
from graphkit.detection.ring import Ring
from graphkit.detection.why import Why

__all__ = ["Between", "Detection", "Findings", "Ring", "Why", "families"]
