"""How well claimed rings fit a known truth: a judge that is stricter than a user would be."""

from graphkit.evaluate.claims import claims_of_communities, claims_of_members
from graphkit.evaluate.figure import Figure
from graphkit.evaluate.scores import Scores, evaluate, evaluate_claims
from graphkit.evaluate.truth import completed

__all__ = [
    "Figure",
    "Scores",
    "claims_of_communities",
    "claims_of_members",
    "completed",
    "evaluate",
    "evaluate_claims",
]
