"""tblvm as the engine of specification tests, by what any host can use: stores, instances, their exports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....embed.errors import LoadError, Trap
from ....embed.library import registry
from ....embed.store import Store
from .. import MAGIC, WasmError
from ..builder import translated
from .host import SPECTEST
from .runner import LeftOut, Refused, Stopped, Unlinkable
from .script import Value

_SECONDS = 60.0
_MEMORY = 1 << 30  # scripts grow memories by 10,000 pages and mean to get them
_EXCLUDED = 4


class Tblvm:
    """An engine; what it makes is closed by `close`."""

    def __init__(self) -> None:
        self._instances: list[Any] = []
        self._offered: dict[str, dict[str, Any]] = {}
        self.register("spectest", self.instantiate(SPECTEST))

    def instantiate(self, content: bytes) -> Any:
        try:
            if not content.startswith(MAGIC):  # nobody else would take it for a module
                translated(content, "module", registry(()).isa)
            made = Store(imports=self._offered, timeout=_SECONDS, memory=_MEMORY).load(content)
        except WasmError as error:
            # Of what is not supported the proposal counts, not the place.
            told = f"unsupported: {error.message}" if error.kind == "unsupported" else str(error)
            raise Refused(error.kind, told) from None
        except LoadError as error:
            if error.status == _EXCLUDED:
                raise Unlinkable(str(error)) from None
            raise
        except Trap as error:
            raise _stopped(error) from None
        self._instances.append(made)
        return made

    def register(self, name: str, instance: Any) -> None:
        self._offered[name] = {each: instance.function(each) for each in instance.functions}

    def invoke(self, instance: Any, name: str, arguments: Sequence[Value]) -> Sequence[int]:
        values = (_signed(each) for each in arguments)
        try:
            found = instance.function(name, bits=True)(*values)
        except Trap as error:
            raise _stopped(error) from None
        return found if isinstance(found, tuple) else () if found is None else (found,)

    def get(self, instance: Any, name: str) -> int:
        raise LeftOut("globals of an instance")

    def memory(self, instance: Any, name: str) -> bytes:
        """The content of the exported memory *name*."""
        return bytes(instance.memory()[:])

    def close(self) -> None:
        """Give everything back."""
        for each in reversed(self._instances):
            each.close()
        self._instances.clear()
        self._offered.clear()


def _signed(value: Value) -> int:
    """Integers as Python knows them, floats by their bits."""
    width = int(value.type[1:])
    return value.bits - (1 << width) if value.type[0] == "i" and value.bits >> width - 1 else value.bits


def _stopped(error: Trap) -> Stopped:
    return Stopped(error.message, exhausted=error.kind == "STACK_OVERFLOW")
