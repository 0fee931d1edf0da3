"""Names and lines of sources in traps and reports, from the name section and from DWARF."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import wasmtime

import tblvm
from tblvm.builder.toolchain import zig
from tblvm.core.module import Module
from tblvm.core.registry import load
from tblvm.frontends.wasm import translate
from tblvm.frontends.wasm.decode import decode
from tblvm.frontends.wasm.lines import Lines
from tblvm.stack import verify

ISA = load().isa
SOURCE = """\
static int inner(int n) {
  if (n > 5)
    __builtin_trap();
  return n * 3;
}
__attribute__((export_name("go"), noinline))
int go(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++)
    sum += inner(i);
  return sum;
}
"""


@pytest.fixture(scope="module", params=["-gdwarf-4", "-gdwarf-5"])
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("lines")
    (folder / "prog.c").write_text(SOURCE)
    words = ["cc", "-target", "wasm32-freestanding", "-O1", "-fno-inline", request.param, "-nostdlib"]
    subprocess.run(
        [str(zig()), *words, "-Wl,--no-entry", "prog.c", "-o", "prog.wasm"], cwd=folder, check=True
    )
    return (folder / "prog.wasm").read_bytes()


def test_lines_of_a_trap(compiled: bytes) -> None:
    with tblvm.load(compiled) as vm:
        assert vm.call("go", 6) == 45
        with pytest.raises(tblvm.Trap, match="unreachable") as caught:
            vm.call("go", 7)
    assert [(each.function, each.line) for each in caught.value.frames] == [("inner", 3), ("go", 10)]


def test_every_place_starts_an_instruction(compiled: bytes) -> None:
    module = translate(compiled, "prog.wasm", ISA)
    assert module.debug.source.endswith("prog.c")
    checked = verify(module, ISA)
    for lines, found in zip(module.debug.lines, checked.functions, strict=True):
        assert {at for at, _ in lines} <= set(found.offsets)


def test_lines_without_sense_are_passed_over(compiled: bytes) -> None:
    """Whatever bytes the debug sections have, the code is the same."""
    wanted = translate(compiled, "prog.wasm", ISA)
    decoded = decode(compiled)
    for name, (at, end) in decoded.customs.items():
        if not name.startswith(".debug"):
            continue
        for position in range(at, end, max(1, (end - at) // 25)):
            for value in (0x00, 0x7F, 0xFF):
                changed = bytearray(compiled)
                changed[position] = value
                module = translate(bytes(changed), "prog.wasm", ISA)
                assert [each.code for each in module.functions] == [each.code for each in wanted.functions]


def test_no_lines() -> None:
    assert Lines.read(decode(bytes(wasmtime.wat2wasm("(module (func))")))).offsets == []


def named(*subsections: bytes) -> Module:
    content = b"\x04name" + b"".join(subsections)
    module = bytes(wasmtime.wat2wasm('(module (func (export "out")) (func))'))
    return translate(module + bytes((0, len(content))) + content, "x.wasm", ISA)


def test_names_without_sense_are_passed_over(tmp_path: Path) -> None:
    assert named(b"\x01\x06\x01\x01\x03two").debug.functions[:2] == ("out", "two")
    assert named(b"\x01\x06\x01\x01\xffwo").debug.functions[:2] == ("out", "")
    assert named(b"\x01\xff").debug.functions[:2] == ("out", "")
    assert named(b"\x01\x03\x01\x01\x09").debug.functions[:2] == ("out", "")
    # The subsections with the module's name and with locals are not read.
    assert named(b"\x00\x02\x01m", b"\x01\x06\x01\x00\x03one").debug.functions[:2] == ("one", "")
