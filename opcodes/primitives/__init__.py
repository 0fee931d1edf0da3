"""Primitive operations: the words of the op IR, one definition each.

A primitive states its meaning in Python and its C side by side, and its effects; nothing is inferred.
Families are modules: `integer`, `floating`, `convert`, `compare`, `leaves` (where values come from) and
`effects` (what touches the machine).
"""

from __future__ import annotations

from .primitive import Primitive, define, find, primitives

__all__ = ["Primitive", "define", "find", "primitives"]

from . import compare, convert, effects, floating, integer, leaves  # noqa: F401  (they define)
