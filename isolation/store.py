"""What a host has said of a store, until there are guests with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Store:
    """limits: by name; variables: of the environment; definitions: host functions, each as module, name,
    types, function and what it is given besides; directories: descriptor, name, whether for reading alone;
    console, errors: functions that read and write; error: the last message."""

    limits: dict[bytes, int] = field(default_factory=dict)
    variables: list[bytes] = field(default_factory=list)
    definitions: list[tuple[bytes, bytes, bytes, Any, Any]] = field(default_factory=list)
    directories: list[tuple[int, bytes, bool]] = field(default_factory=list)
    console: tuple[Any, Any, Any] = (None, None, None)
    errors: tuple[Any, Any] = (None, None)
    error: Any = None
