"""tblvm as the engine of specification tests, by what any host can use: a store, instances, their exports."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from ....embed.errors import LinkError, Trap
from ....embed.handles import Exports, Global
from ....embed.instance import Instance
from ....embed.library import registry
from ....embed.memory import Memory
from ....embed.store import Store
from .. import MAGIC, WasmError, translate
from .host import SPECTEST
from .runner import Refused, Stopped, Unlinkable
from .script import Value

_SECONDS = 60.0
_MEMORY = 1 << 30  # scripts grow memories by 10,000 pages and mean to get them


class Tblvm:
    """An engine: a store, whose instances share what they export. `close` gives everything back."""

    def __init__(self) -> None:
        self._store = Store(timeout=_SECONDS, memory=_MEMORY)
        self._instances: list[Instance] = []
        self._offered: dict[str, Exports] = {}
        self.register("spectest", self.instantiate(SPECTEST))

    def instantiate(self, content: bytes) -> Instance:
        try:
            if not content.startswith(MAGIC):  # nobody else would take it for a module
                translate(content, "module", registry(()).isa)
            made = self._store.load(content, imports=self._offered)
        except WasmError as error:
            # Of what is not supported the proposal counts, not the place.
            told = f"unsupported: {error.message}" if error.kind == "unsupported" else str(error)
            raise Refused(error.kind, told) from None
        except LinkError as error:
            raise Unlinkable(str(error)) from None
        except Trap as error:
            raise _stopped(error) from None
        self._instances.append(made)
        return made

    def register(self, name: str, instance: Instance) -> None:
        self._offered[name] = instance.exports

    def invoke(self, instance: Instance, name: str, arguments: Sequence[Value]) -> Sequence[int]:
        values = (_signed(each) for each in arguments)
        try:
            found = instance.function(name, bits=True)(*values)
        except Trap as error:
            raise _stopped(error) from None
        return found if isinstance(found, tuple) else () if found is None else (found,)

    def get(self, instance: Instance, name: str) -> int:
        found = instance.exports[name]
        if not isinstance(found, Global):
            raise KeyError(f"{name} is no global")
        value = found.value
        if isinstance(value, int):
            return value
        return int.from_bytes(struct.pack("<f" if found.type == "f32" else "<d", value), "little")

    def memory(self, instance: Instance, name: str) -> bytes:
        """The content of the exported memory *name*."""
        found = instance.exports[name]
        if not isinstance(found, Memory):
            raise KeyError(f"{name} is no memory")
        return bytes(found[:])

    def close(self) -> None:
        """Close all instances."""
        self._offered.clear()
        for each in reversed(self._instances):
            each.close()
        self._instances.clear()


def _signed(value: Value) -> int:
    """Integers as Python knows them, floats by their bits."""
    width = int(value.type[1:])
    return value.bits - (1 << width) if value.type[0] == "i" and value.bits >> width - 1 else value.bits


def _stopped(error: Trap) -> Stopped:
    return Stopped(error.message, exhausted=error.kind == "STACK_OVERFLOW")
