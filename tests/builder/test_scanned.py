"""Kinds of artifacts whose machine code is scanned: compiled otherwise where that helps, refused where not."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tblvm.builder import compile as compiler
from tblvm.builder.artifacts import EXE
from tblvm.builder.compile import Linked, compile_
from tblvm.builder.emit import Sources, Unit
from tblvm.core.errors import BuildError
from tblvm.core.registry import Registry
from tblvm.isolation import scan as scanner
from tblvm.isolation.inventory import inventory
from tblvm.isolation.scan import Forbidden

SCANNED = replace(EXE, scanned=True)
# Ends by a fault: without a system call.
MAIN = """\
extern unsigned five(unsigned);
void _start(void);
void _start(void) { *(volatile unsigned *)(unsigned long)five(7) = 0; }
"""
FIVE = """\
unsigned five(unsigned);
unsigned five(unsigned a) { return a > 6 ? 5 : a; }
"""


def linked(registry: Registry, five: str, *, scanned: bool = True) -> Linked:
    sources = Sources(
        units=(Unit("main.c", "entry", MAIN), Unit("five.c", "numbers", five)),
        headers={},
        include=(),
        layout=Unit(
            "layout.c", "", "extern const unsigned tb_layout[];\nconst unsigned tb_layout[] = {0};\n"
        ),
        members=(("context", ""),),
    )
    return compile_(sources, registry.targets["x86_64-linux"], SCANNED if scanned else EXE)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands of each round of compiling."""
    rounds: list[list[str]] = []
    run_all = compiler.run_all

    def counting(commands: list[list[str]], *args: object) -> None:
        if "-c" in commands[0]:
            rounds.append([" ".join(each) for each in commands])
        run_all(commands, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(compiler, "run_all", counting)
    return rounds


def test_what_is_clean_is_compiled_once(registry: Registry, counted: list[list[str]]) -> None:
    made = linked(registry, FIVE)
    assert inventory(made.image, made.full) == ()
    assert len(counted) == 1
    assert made.image == linked(registry, FIVE, scanned=False).image


def test_an_accident_is_compiled_away(
    registry: Registry, counted: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The smallest code pushes 5 and pops it; as though that were forbidden."""
    push = Forbidden("push", "is there for a test", (((0xFF, 0x6A), (0xFF, 0x05)),))
    monkeypatch.setattr(scanner, "FORBIDDEN", (*scanner.FORBIDDEN, push))
    before = linked(registry, FIVE, scanned=False)
    assert {str(each).split(" (")[0] for each in inventory(before.image, before.full)} == {"push in five"}
    counted.clear()
    made = linked(registry, FIVE)
    assert inventory(made.image, made.full) == ()
    assert 1 < len(counted) <= 6
    # The other unit is what it was.
    assert [each[0] for each in counted] == [counted[0][0]] * len(counted)
    assert len({each[1] for each in counted}) == len(counted)
    # And it does what it did.
    for each in (before, made):
        (tmp_path / "program").write_bytes(each.image)
        (tmp_path / "program").chmod(0o755)
        assert subprocess.run([tmp_path / "program"]).returncode == -11
    # The same every time.
    assert made.image == linked(registry, FIVE).image


@pytest.mark.parametrize(
    "body, name, why",
    [
        ("return a ^ 0x00ef010fu;", "wrpkru", "changes which memory can be touched"),
        (
            '__asm__ volatile("syscall" : "+a"(a) : : "rcx", "r11", "memory"); return a;',
            "syscall",
            "enters the kernel",
        ),
        (
            '__asm__ volatile(".byte 0xb8, 0x90, 0x0f, 0xae, 0x2f" : "+a"(a)); return a;',
            "xrstor",
            "changes which memory",
        ),
        ('__asm__ volatile("int $0x80" : "+a"(a)); return a;', "int 0x80", "enters the kernel"),
    ],
)
def test_what_stays_is_refused_by_name(
    registry: Registry, counted: list[list[str]], body: str, name: str, why: str
) -> None:
    with pytest.raises(BuildError) as error:
        linked(registry, f"unsigned five(unsigned);\nunsigned five(unsigned a) {{ {body} }}\n")
    message = str(error.value)
    assert f"\n  five of micro-library numbers: {name} ({why}" in message
    assert message.endswith("change the C, leave the micro-library out, or run it with --isolation process")
    assert error.value.status == 3
    assert len(counted) <= 6
    assert os.linesep + "  five" in message and message.count("five") == 1


def test_constants_beside_code_are_refused_where_they_can_be_executed(registry: Registry) -> None:
    """Executables have constants and code in one segment; what is for guests must not."""
    with pytest.raises(BuildError, match=r"\n  address 0x2[0-9a-f]+: wrpkru"):
        linked(
            registry,
            "unsigned five(unsigned);\nstatic const volatile unsigned char table[] = {15, 1, 239, 0, 1, 2, 3};\n"
            "unsigned five(unsigned a) { return table[a % 7]; }\n",
        )
