"""Entities: what accounts share, in one spelling each, under the lake's key."""

from graphkit.entities.benign import key_benign
from graphkit.entities.keys import Key
from graphkit.entities.links import Linked, link_accounts
from graphkit.entities.values import identify, reveal

__all__ = ["Key", "Linked", "identify", "key_benign", "link_accounts", "reveal"]
