"""tblvm: a virtual machine that is composed, not configured.

    import tblvm

    vm = tblvm.load("fib.tba", fuel=1_000_000)
    vm.call("fib", 20)

What embeds programs is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.errors import BuildError, HostError, ModuleError, SourceError, TblvmError, UsageError
    from .embed.console import Finished
    from .embed.errors import (
        Blocked,
        Crashed,
        DeadlineExceeded,
        Frame,
        FuelExhausted,
        Halted,
        InstanceBusy,
        InstanceClosed,
        IsolationError,
        LinkError,
        LoadError,
        MemoryExceeded,
        OutputExceeded,
        SandboxError,
        StackExceeded,
        Stopped,
        TooLarge,
        Trap,
        Violation,
    )
    from .embed.handles import Exports, Function, Global, Table
    from .embed.instance import Instance
    from .embed.memory import Memory
    from .embed.part import HostFunction
    from .embed.report import Report, Spent
    from .embed.store import Store, load
    from .isolation.jobs.errors import InputError, WorkerLost
    from .isolation.jobs.mapping import map
    from .isolation.jobs.result import Result

__version__ = "0.1.0"

_STOPPED = (
    *("Blocked", "Crashed", "DeadlineExceeded", "Frame", "FuelExhausted", "Halted", "InstanceBusy"),
    *("InstanceClosed", "IsolationError", "LinkError", "LoadError", "MemoryExceeded", "OutputExceeded"),
    *("SandboxError", "StackExceeded", "Stopped", "TooLarge", "Trap", "Violation"),
)
_REFUSED = ("BuildError", "HostError", "ModuleError", "SourceError", "TblvmError", "UsageError")
_HOMES = {
    "Exports": "embed.handles",
    "Finished": "embed.console",
    "Function": "embed.handles",
    "Global": "embed.handles",
    "HostFunction": "embed.part",
    "ReadOnly": "embed.store",
    "Instance": "embed.instance",
    "Memory": "embed.memory",
    "Report": "embed.report",
    "Spent": "embed.report",
    "Store": "embed.store",
    "Table": "embed.handles",
    "load": "embed.store",
    "map": "isolation.jobs.mapping",
    "Result": "isolation.jobs.result",
    "InputError": "isolation.jobs.errors",
    "WorkerLost": "isolation.jobs.errors",
    **dict.fromkeys(_STOPPED, "embed.errors"),
    **dict.fromkeys(_REFUSED, "core.errors"),
}
__all__ = [
    "Blocked",
    "BuildError",
    "Crashed",
    "DeadlineExceeded",
    "Exports",
    "Finished",
    "Frame",
    "FuelExhausted",
    "Function",
    "Global",
    "Halted",
    "HostError",
    "HostFunction",
    "InputError",
    "Instance",
    "InstanceBusy",
    "InstanceClosed",
    "IsolationError",
    "LinkError",
    "LoadError",
    "Memory",
    "MemoryExceeded",
    "ModuleError",
    "OutputExceeded",
    "ReadOnly",
    "Report",
    "Result",
    "SandboxError",
    "SourceError",
    "Spent",
    "StackExceeded",
    "Stopped",
    "Store",
    "Table",
    "TblvmError",
    "TooLarge",
    "Trap",
    "UsageError",
    "Violation",
    "WorkerLost",
    "load",
    "map",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"tblvm.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'tblvm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__doc__", "__version__"]
