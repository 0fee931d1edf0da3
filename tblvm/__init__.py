"""tblvm: a virtual machine that is composed, not configured.

    import tblvm

    vm = tblvm.load("fib.tba", fuel=1_000_000)
    vm.call("fib", 20)

What embeds programs is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .embed.console import Finished
    from .embed.errors import (
        DeadlineExceeded,
        Frame,
        Halted,
        InstanceBusy,
        InstanceClosed,
        LoadError,
        Trap,
    )
    from .embed.instance import Instance
    from .embed.memory import Memory
    from .embed.part import HostFunction
    from .embed.store import Store, load

__version__ = "0.1.0"

_ERRORS = ("DeadlineExceeded", "Frame", "Halted", "InstanceBusy", "InstanceClosed", "LoadError", "Trap")
_HOMES = {
    "Finished": "console",
    "HostFunction": "part",
    "Instance": "instance",
    "Memory": "memory",
    "Store": "store",
    "load": "store",
    **dict.fromkeys(_ERRORS, "errors"),
}
__all__ = [
    "DeadlineExceeded",
    "Finished",
    "Frame",
    "Halted",
    "HostFunction",
    "Instance",
    "InstanceBusy",
    "InstanceClosed",
    "LoadError",
    "Memory",
    "Store",
    "Trap",
    "load",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"tblvm.embed.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'tblvm' has no attribute {name!r}")
