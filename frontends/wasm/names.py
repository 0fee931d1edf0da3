"""The custom section `name`: what the source called its functions. What is wrong in it is passed over."""

from __future__ import annotations

from .errors import WasmError
from .model import WasmModule
from .reader import Reader

FUNCTIONS = 1  # number of the subsection
MAX_NAME = 1000  # characters of a name that are kept


def read_names(module: WasmModule) -> dict[int, str]:
    """The names of functions that *module* has, by index. They are for people: what is wrong there,
    WebAssembly says, is ignored."""
    names: dict[int, str] = {}
    if "name" not in module.customs:
        return names
    at, end = module.customs["name"]
    reader = Reader(module.data, at, end)
    try:
        while reader.at < end:
            number, size = reader.byte(), reader.u32()
            behind = reader.at + size
            if behind > end:
                break
            if number == FUNCTIONS:
                for _ in range(reader.count("names")):
                    index = reader.u32()
                    names[index] = reader.name()[:MAX_NAME]
            reader.at = behind
    except WasmError:
        pass  # what was read before stays
    return names
