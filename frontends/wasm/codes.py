"""Bytes of opcodes, and which of them a module uses."""

from __future__ import annotations

from collections.abc import Iterable

from ...core.code import write_leb
from ...core.errors import ModuleError
from ...core.module import Constant, PageUse
from ...opcodes import CORE, Isa, Opcode, Page
from ...opcodes.isa import PLUGIN_PREFIXES
from .errors import WasmError

# Constants of a module: each takes 8 bytes of its pool.
MAX_CONSTANTS = 1 << 24


class Codes(dict[str, bytes]):
    """The bytes of opcodes by name: those that were asked for are those that the module uses."""

    def __init__(self, isa: Isa) -> None:
        super().__init__()
        self.isa = isa
        self.pool: list[Constant] = []
        self._standard = {
            each.name: each for each in isa if each.page == CORE or each.page.prefix is not None
        }
        self._prefixes: dict[str, int] = {}
        self._entries: dict[tuple[str, int], bytes] = {}

    def __missing__(self, name: str) -> bytes:
        self[name] = self.bytes_of(name)
        return self[name]

    def opcode(self, name: str) -> Opcode:
        """The opcode of a standard page that has this name; of others as assembly calls them: `page.NAME`.

        Raises ModuleError where there is none.
        """
        found = self._standard.get(name)
        if found is not None:
            return found
        try:
            return self.isa.find(name)
        except LookupError as error:
            raise ModuleError(str(error.args[0])) from None

    def bytes_of(self, name: str) -> bytes:
        """The bytes of an opcode, which the module need not use."""
        opcode = self.opcode(name)
        prefix = self._prefix(opcode.page)
        return bytes((opcode.code,) if prefix < 0 else (prefix, opcode.code))

    def _prefix(self, page: Page) -> int:
        if page == CORE:
            return -1
        if page.prefix is not None:
            return page.prefix
        if page.name not in self._prefixes:
            if len(self._prefixes) == len(PLUGIN_PREFIXES):
                raise WasmError(
                    "unsupported", f"opcodes of more than {len(PLUGIN_PREFIXES)} pages of plug-ins"
                )
            self._prefixes[page.name] = PLUGIN_PREFIXES[len(self._prefixes)]
        return self._prefixes[page.name]

    def constant(self, kind: str, value: int) -> bytes:
        """The instruction that pushes a number by way of the pool. value: of a float its bits."""
        found = self._entries.get((kind, value))
        if found is None:
            if len(self.pool) >= MAX_CONSTANTS:
                raise WasmError("unsupported", f"more than {MAX_CONSTANTS} constants")
            found = self._entries[kind, value] = self["CONST"] + write_leb(len(self.pool))
            self.pool.append(Constant(kind, value))
        return found

    def number(self, kind: str, value: int) -> bytes:
        """The instruction that pushes a number. value: of a float its bits."""
        if kind == "i32":
            return self["PUSH"] + write_leb(value, signed=True)
        if kind == "i64" and -(1 << 31) <= value < 1 << 31:
            return self["LPUSH"] + write_leb(value, signed=True)
        return self.constant(kind, value)

    def pages(self, names: Iterable[str]) -> tuple[PageUse, ...]:
        """The pages of the opcodes *names* and of those that were asked for, the core page first."""
        last: dict[Page, int] = {}
        for opcode in map(self.opcode, {*self, *names}):
            last[opcode.page] = max(last.get(opcode.page, 0), opcode.code)
        order = sorted(last, key=lambda page: (page != CORE, page.name))
        return tuple(
            PageUse(page.name, self._prefix(page), last[page], self.isa.fingerprint(page.name, last[page]))
            for page in order
        )
