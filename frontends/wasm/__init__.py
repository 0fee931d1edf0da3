"""WebAssembly to modules: `translate`, and `WasmError` for what it refuses.

    decode.py    bytes -> WasmModule: everything that can be malformed
    validate.py  WasmModule: what must hold between its parts
    body.py      one function: its code is validated and translated in one pass
    builder.py   WasmModule -> Module

WebAssembly 1.0 with mutable globals, sign extension, saturating conversions, bulk memory and multi-value;
what belongs to another proposal is refused by its name.
"""

if __name__ != "tblvm.frontends.wasm":
    raise ImportError("this package is tblvm.frontends.wasm: install tblvm and import it by that name")

from typing import TYPE_CHECKING

from .errors import WasmError

if TYPE_CHECKING:
    from ...core.module import Module
    from ...opcodes import Isa

MAGIC = b"\0asm"

__all__ = ["MAGIC", "WasmError", "translate"]


def translate(content: bytes, name: str, isa: "Isa") -> "Module":
    """The module that does what the WebAssembly module *content*, called *name* in messages, does.

    Raises WasmError for what is malformed, invalid or not supported.
    """
    from .builder import translated

    return translated(content, name, isa)
