"""Entities: what accounts share, in one spelling each, under the lake's key."""

from graphkit.entities.keys import Key
from graphkit.entities.links import Linked, link_accounts

__all__ = ["Key", "Linked", "link_accounts"]
