"""A program of the corpus on wasm3."""

from __future__ import annotations

import re
from typing import Any

import wasm3
import wasmtime

from tests.corpus.machines import Imports, Machine, Stopped

_LETTERS = {"i32": "i", "i64": "I", "f32": "f", "f64": "F"}


def _spelled(kind: wasmtime.FuncType) -> str:
    takes, gives = (("".join(_LETTERS[str(each)] for each in half)) for half in (kind.params, kind.results))
    return f"{gives or 'v'}({takes})"


class Wasm3(Machine):
    """Its stack has 1 MiB. What programs share with others it has not."""

    def __init__(self, content: bytes, imports: Imports, beside: Machine | None = None) -> None:
        assert beside is None
        environment = wasm3.Environment()
        self._runtime = environment.new_runtime(1 << 20)
        module = environment.parse_module(content)
        self._runtime.load(module)
        self._kept = (environment, module)
        self._functions: dict[str, Any] = {}
        for each in wasmtime.Module(wasmtime.Engine(), content).imports:
            assert isinstance(each.type, wasmtime.FuncType)
            module.link_function(
                each.module, each.name, _spelled(each.type), imports[each.module][each.name or ""]
            )

    def call(self, name: str, *arguments: Any) -> Any:
        if name not in self._functions:
            self._functions[name] = self._runtime.find_function(name)
        try:
            return self._functions[name](*arguments)
        except RuntimeError as error:
            if re.search("trap", str(error)):
                raise Stopped from error
            raise

    def read(self, address: int, size: int) -> bytes:
        start = address & 0xFFFFFFFF
        return bytes(self._runtime.get_memory(0)[start : start + size])

    def write(self, address: int, data: bytes) -> None:
        start = address & 0xFFFFFFFF
        self._runtime.get_memory(0)[start : start + len(data)] = data

    def size(self) -> int:
        return len(self._runtime.get_memory(0))

    def export(self, name: str) -> Any:
        raise NotImplementedError

    def make_global(self, value: int, *, mutable: bool) -> Any:
        raise NotImplementedError

    def grow(self, table: str, count: int) -> int:
        raise NotImplementedError

    def set_element(self, table: str, index: int, function: Any) -> None:
        raise NotImplementedError
