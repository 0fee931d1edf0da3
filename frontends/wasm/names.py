"""The custom section `name`: what the source called its functions. What is wrong in it is passed over."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import WasmError
from .model import WasmModule
from .reader import Reader

FUNCTIONS = 1  # number of the subsection
MAX_NAME = 1000  # characters of a name that are kept


@dataclass
class Names:
    """functions: names by index."""

    functions: dict[int, str] = field(default_factory=dict)


def read_names(module: WasmModule) -> Names:
    """The names that *module* has. They are for people: what is wrong there, WebAssembly says, is ignored."""
    names = Names()
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
                    names.functions[index] = _clean(reader.name())
            reader.at = behind
    except WasmError:
        pass  # what was read before stays
    return names


def _clean(name: str) -> str:
    return name[:MAX_NAME]
