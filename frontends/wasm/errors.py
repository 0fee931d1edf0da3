"""What this front-end refuses, and in which words."""

from __future__ import annotations

from typing import Literal

from ...core.errors import ModuleError

Kind = Literal["malformed", "invalid", "unsupported"]
_SAID = {"malformed": "malformed module", "invalid": "invalid module", "unsupported": "unsupported"}


class WasmError(ModuleError):
    """A WebAssembly module that is not translated.

    kind: "malformed" (its bytes are no module), "invalid" (it breaks a rule of validation), "unsupported" (it
    uses a proposal that this front-end does not have, or exceeds a limit). offset: in the file, -1 for none.
    """

    def __init__(self, kind: Kind, message: str, *, offset: int = -1, function: str = "") -> None:
        super().__init__(message, function)
        self.kind: Kind = kind
        self.offset = offset
        place = f"offset {offset:#x}" if offset >= 0 else ""
        where = ", ".join(filter(None, (f"function {function}" if function else "", place)))
        self.args = (f"{_SAID[kind]}: {where + ': ' if where else ''}{message}",)

    def within(self, function: str) -> WasmError:
        """The same, of the code of a function of this name."""
        return WasmError(self.kind, self.message, offset=self.offset, function=function)
