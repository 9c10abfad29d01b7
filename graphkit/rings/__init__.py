"""Rings: which communities look like coordinated abuse, who belongs, and what speaks for it."""

from graphkit.rings.judge import Judgement, judge

__all__ = ["Judgement", "judge"]
