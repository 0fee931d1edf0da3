"""What holds for all bytes and all texts, in Python: no exception but the declared ones, and nothing lost on the way
from one form to another."""

from __future__ import annotations

from dataclasses import replace

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.dis import disassemble, listing
from tblvm.core.errors import ModuleError, SourceError
from tblvm.core.module import Module
from tblvm.frontends.wasm import WasmError, translate
from tblvm.opcodes import Isa
from tblvm.stack import verify

_MAX_SHOWN = 4000


def check_file(data: bytes, isa: Isa) -> str:
    """Reads, verifies, writes, disassembles and assembles; how far it got. Raises AssertionError where something
    differs, and what should never be raised."""
    try:
        module = tbc.read(data)
    except ModuleError as error:
        assert str(error)
        return "unreadable"
    file = tbc.write(module)
    assert tbc.read(file) == module, "what was written reads as another module"
    assert tbc.write(tbc.read(file)) == file, "the same module gives other bytes"
    reached = "read"
    try:
        verified = verify(module, isa)
        assert verified.module == module, "the verifier changes a module"
        reached = "verified"
    except ModuleError as error:
        assert str(error)
    try:
        text = disassemble(module, isa)
        assert listing(module, isa)
    except ModuleError as error:
        assert reached == "read", f"it is verified and not disassembled: {error}"
        return reached
    _check_text_of(module, text, isa)
    return reached


def _check_text_of(module: Module, text: str, isa: Isa) -> None:
    try:
        again = assemble(text, isa, "other.tba")
    except SourceError as error:
        raise AssertionError(f"the text does not assemble: {error}\n{text[:_MAX_SHOWN]}") from None
    assert again == module, f"the text assembles to another module\n{text[:_MAX_SHOWN]}"
    assert all(each.isprintable() or each == "\n" for each in text), "the text has what controls terminals"


def check_text(text: str, isa: Isa) -> str:
    """Assembles, verifies and goes on as check_file does; how far it got."""
    try:
        module = assemble(text, isa, "fuzz.tba")
    except SourceError as error:
        assert str(error)
        return "refused"
    try:
        verified = verify(module, isa)
    except ModuleError as error:
        assert str(error)
        _check_disassembly(module, isa)
        return "assembled"
    assert check_file(tbc.write(verified.module), isa) == "verified"
    return "verified"


def check_wasm(data: bytes, isa: Isa) -> str:
    """Translates a WebAssembly module, and goes on as check_file does; how far it got."""
    try:
        module = translate(data, "fuzz.wasm", isa)
    except WasmError as error:
        assert str(error)
        return error.kind
    try:
        verified = verify(module, isa)
    except ModuleError as error:
        # A limit of the whole module, which nobody knows before the verifier.
        assert "calls and returns of the module move more than" in str(error), error
        return "limited"
    assert check_file(tbc.write(verified.module), isa) == "verified"
    return "verified"


def _check_disassembly(module: Module, isa: Isa) -> None:
    """The text of what was assembled, whose max_stack nobody may know, is the same module's."""
    if all(function.code for function in module.functions):
        try:
            text = disassemble(module, isa)
        except ModuleError:
            return
        again = assemble(text, isa, "other.tba")
        assert again == replace(module), f"the text assembles to another module\n{text[:_MAX_SHOWN]}"
