"""Adding an opcode is one function in one file: what follows from it, with a plug-in loaded by its path."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.dis import disassemble, listing
from tblvm.core.errors import ModuleError, SourceError, TblvmError
from tblvm.core.registry import Registry, load
from tblvm.opcodes.meaning import Machine
from tblvm.stack import verify
from tests.differential.vectors import integer
from tests.harness import Harness, Job, assembled, compiled, differences, registry

SEED = int(os.environ.get("TBLVM_TEST_SEED", "300"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
HERE = Path(__file__).parent
FILE, FOLDER = HERE / "gcd_op.py", HERE / "gcd"
BOTH = (FILE, FOLDER)

EUCLID = """\
.func gcd(a: i32, b: i32) -> i32
    LOAD b
    JZ end
    LOAD a
    LOAD b
    GCDSTEP
    CALL gcd
    RET
end:
    LOAD a
    RET
.end
.func main() -> i32
    PUSH 1071
    PUSH 462
    CALL gcd
    PRINT
    PUSH 6
    PUSH 7
    PUSH -2
    MULADD
    RET
.end
"""

TRAPS = """\
.func step(a: i32) -> i32
    LOAD a
    PUSH 0
    GCDSTEP
    POP
    RET
.end
.func main()
    PUSH 5
    CALL step
    PRINT
    HALT
.end
"""


@pytest.fixture(scope="module")
def plugin() -> Registry:
    return load([FILE])


def wrapped(number: int) -> int:
    return (number + 2**31) % 2**32 - 2**31


def remainder(a: int, b: int) -> int:
    """With the dividend's sign."""
    return int(math.copysign(1, a)) * (abs(a) % abs(b))


# --- what the file gives ----------------------------------------------------------------------------------


def test_the_instruction_set_has_it(plugin: Registry) -> None:
    opcode = plugin.isa.find("MULADD")
    assert (opcode.label, opcode.doc) == ("outside.MULADD", "a * b + c, wrapping at 32 bits.")
    assert plugin.isa.find("outside.muladd") is opcode
    assert [opcode.name for opcode in plugin.isa.page("outside").values()] == [
        "MULADD",
        "GCDSTEP",
        "JDIVIDES",
    ]


def test_text_to_file_and_back(plugin: Registry) -> None:
    module = verify(assemble(EUCLID, plugin.isa, "euclid.tba"), plugin.isa).module
    content = tbc.write(module)
    assert tbc.read(content) == module
    text = disassemble(module, plugin.isa)
    assert "GCDSTEP" in text and "MULADD" in text
    again = verify(assemble(text, plugin.isa, "other.tba"), plugin.isa).module
    assert tbc.write(again) == content
    assert "MULADD" in listing(module, plugin.isa)
    [page] = [page for page in module.pages if page.name == "outside"]
    assert page.last == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("PUSH 1\n PUSH 2\n MULADD\n POP", "it takes 3 operands and the stack has 2"),
        ("PUSH 1\n CONST 1.5f\n PUSH 2\n MULADD\n POP", "b must be i32, not f32"),
        ('CONST "x"\n PUSH 1\n GCDSTEP\n POP\n POP', "a must be i32, not string"),
        ("PUSH 1\n PUSH 2\n GCDSTEP\n POP\n MULADD\n POP", "it takes 3 operands"),
    ],
)
def test_the_verifier_refuses_other_types(plugin: Registry, body: str, message: str) -> None:
    module = assemble(f".func main()\n {body}\n HALT\n.end\n", plugin.isa)
    with pytest.raises(ModuleError, match=message):
        verify(module, plugin.isa)


def test_the_reference_interpreter_runs_it(plugin: Registry) -> None:
    outcome = Machine(verify(assemble(EUCLID, plugin.isa), plugin.isa)).run(plugin.isa)
    assert (outcome.trap, outcome.status) == (None, 40)


def test_without_the_plugin_a_program_is_refused_clearly(plugin: Registry, registry: Registry) -> None:
    module = tbc.read(tbc.write(verify(assemble(EUCLID, plugin.isa), plugin.isa).module))
    with pytest.raises(TblvmError, match=r"outside.*plug-in"):
        verify(module, registry.isa)
    with pytest.raises(SourceError, match="no opcode is called GCDSTEP"):
        assemble(EUCLID, registry.isa)


def test_a_plugin_that_changed_its_opcodes_is_told_from_the_one_meant(
    plugin: Registry, tmp_path: Path
) -> None:
    module = assemble(EUCLID, plugin.isa)
    other = tmp_path / "other.py"
    other.write_text(FILE.read_text().replace("a: i32, b: i32, c: i32", "c: i32, b: i32, a: i32"))
    with pytest.raises(TblvmError, match="outside"):
        verify(module, load([other]).isa)


# --- native ------------------------------------------------------------------------------------------------


def check(harness: Harness, cases: list[tuple[str, list[int], list[int]]]) -> None:
    """Each case: an instruction, its operands, its expected results. Against the formula and the reference."""
    reg = registry(BOTH)
    jobs, wanted = [], []
    for start in range(0, len(cases), 100):
        lines, shown = [], []
        for text, operands, results in cases[start : start + 100]:
            lines += [f" CONST {each}" for each in operands] + [f" {text}"]
            lines += [" PRINT\n PUSH 10\n PUTCHAR"] * len(results)
            shown += results[::-1]
        program = ".func main()\n" + "\n".join(lines) + "\n HALT\n.end\n"
        jobs.append(Job(assembled(program, reg), stress=start % 200 == 0))
        wanted.append("".join(f"{each}\n" for each in shown).encode())
    for job, run, output in zip(jobs, harness.run(jobs), wanted, strict=True):
        assert run.output == output, f"seed {SEED}"
        found = differences(job, run, reg=reg)
        assert not found, f"seed {SEED}: {found}"


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
def test_thousands_of_operands(sanitize: bool) -> None:
    rng = random.Random(SEED)
    cases: list[tuple[str, list[int], list[int]]] = []
    for _ in range((300 if sanitize else 2000) * SCALE):
        a, b, c = integer(rng), integer(rng), integer(rng)
        cases.append(("MULADD", [a, b, c], [wrapped(a * b + c)]))
        cases.append(("GCDSTEP", [a, b or 1], [b or 1, remainder(a, b or 1)]))
        if 0 < math.gcd(a, b) < 2**31:
            cases.append(("GCD", [a, b], [math.gcd(a, b)]))
    check(compiled("marksweep", plugins=BOTH, sanitize=sanitize), cases)


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
def test_jumps(sanitize: bool) -> None:
    rng, reg = random.Random(SEED), registry(BOTH)
    jobs, wanted = [], []
    for _ in range(40 * SCALE):
        a, b = rng.choice((1, -1, 2, 3, integer(rng) or 5)), rng.choice((rng.randrange(30), integer(rng)))
        back = rng.random() < 0.5
        text = ".func main() -> i32\n"
        text += " JMP on\nthere:\n PUSH 1\n RET\non:\n" if back else ""
        text += f" CONST {a}\n CONST {b}\n JDIVIDES there\n PUSH 0\n RET\n"
        text += ".end\n" if back else "there:\n PUSH 1\n RET\n.end\n"
        jobs.append(Job(assembled(text, reg), fuel=rng.choice((3, 4, 1000))))
        wanted.append(int(b % abs(a) == 0))
    runs = compiled("marksweep", plugins=BOTH, sanitize=sanitize).run(jobs)
    for job, run, status in zip(jobs, runs, wanted, strict=True):
        found = differences(job, run, reg=reg)
        assert not found, f"seed {SEED}: {found}"
        assert run.trap or run.status == status, f"seed {SEED}"


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
@pytest.mark.parametrize(
    ("body", "trap"),
    [
        ("PUSH 3\n PUSH 0\n GCDSTEP\n POP\n POP", "NO_DIVISOR"),
        ("PUSH 0\n PUSH 3\n JDIVIDES end\nend:\n NOP", "NO_DIVISOR"),
        ("PUSH 0\n PUSH 0\n GCD\n POP", "NO_GCD"),
        (f"CONST {-(2**31)}\n PUSH 0\n GCD\n POP", "TOO_LARGE"),
        (f"CONST {-(2**31)}\n CONST {-(2**31)}\n GCD\n POP", "TOO_LARGE"),
        ("PUSH 100\n WAIT", ""),
        ("PUSH -1\n SHED\n PRINT", ""),
    ],
)
def test_traps(body: str, trap: str, sanitize: bool) -> None:
    reg = registry(BOTH)
    job = Job(assembled(f".func main()\n PUSH 7\n PRINT\n {body}\n HALT\n.end\n", reg))
    [run] = compiled("marksweep", plugins=BOTH, sanitize=sanitize).run([job])
    assert run.trap == trap
    assert not differences(job, run, reg=reg)


# --- services ------------------------------------------------------------------------------------------------

KEPT = """\
.class Node
    number: i32
    next: Node
.end
.global first: Node
.func node(number: i32, next: Node) -> Node
    .local made: Node
    NEWOBJ Node
    STORE made
    LOAD made
    LOAD number
    PUTFIELD Node.number
    LOAD made
    LOAD next
    PUTFIELD Node.next
    LOAD made
    RET
.end
.func main()
    .local list: Node
    PUSH 1
    NULL Node
    CALL node
    STORE list
    PUSH 2
    LOAD list
    CALL node
    STOREG first
    PUSH 3
    LOADG first
    CALL node                   ; waits on the operand stack
    PUSH {count}
    SHED
    PRINT
    DUP
    GETFIELD Node.number
    PRINT
    GETFIELD Node.next
    GETFIELD Node.next
    LOAD list
    REFEQ
    PRINT
    LOADG first
    GETFIELD Node.number
    PRINT
    HALT
.end
"""


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
@pytest.mark.parametrize("collector", ["marksweep", "gc.semispace"])
def test_a_service_that_allocates_is_a_safepoint(collector: str, sanitize: bool) -> None:
    plugins = BOTH if collector == "marksweep" else (*BOTH, HERE / "semispace")
    reg = registry(plugins)
    program = assembled(KEPT.format(count=1000), reg)
    half = 1 if collector == "marksweep" else 2
    jobs = [
        Job(program, heap=half * 256),
        Job(program, heap=1 << 18, stress=True),
        Job(program, heap=half * 48),
    ]
    runs = compiled(collector, plugins=plugins, sanitize=sanitize).run(jobs)
    for run, job in zip(runs[:2], jobs, strict=False):
        assert run.output == b"1000312"
        assert not differences(job, run, reg=reg)
    assert [run.trap for run in runs] == ["", "", "OUT_OF_MEMORY"]


# --- the builder -----------------------------------------------------------------------------------------------


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    code = "from tblvm.builder.cli import main; main()"
    line = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=100)


def test_tbbuild_runs_it_and_reports_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "euclid.tba").write_text(EUCLID)
    done = command("-p", FILE, tmp_path / "euclid.tba", "-o", tmp_path / "euclid", "--json")
    assert done.returncode == 0, done.stderr
    rows = [row for row in json.loads(done.stdout)["rows"] if row["owner"] == "outside"]
    assert {row["item"].split(":")[-1] for row in rows} >= {"outside.GCDSTEP", "outside.MULADD"}
    assert all(row["size"] > 0 for row in rows)
    run = subprocess.run([tmp_path / "euclid"], capture_output=True, check=False)
    assert (run.returncode, run.stdout) == (40, b"21")


def test_a_trap_tells_function_and_line(tmp_path: Path) -> None:
    (tmp_path / "zero.tba").write_text(TRAPS)
    done = command("-p", FILE, "-q", tmp_path / "zero.tba", "--run")
    assert (done.returncode, done.stdout) == (134, "")
    assert done.stderr.splitlines() == [
        "tblvm: trap: zero divides nothing",
        "  at step (zero.tba:4)",
        "  at main (zero.tba:10)",
    ]


def test_a_folder_brings_its_c(tmp_path: Path) -> None:
    text = ".func main()\n PUSH 12\n PUSH 18\n GCD\n PRINT\n PUSH 0\n PUSH 0\n GCD\n PRINT\n HALT\n.end\n"
    (tmp_path / "gcd.tba").write_text(text)
    done = command("-p", FOLDER, tmp_path / "gcd.tba", "--run")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (135, "6"), done.stderr
    assert done.stderr.splitlines() == [
        "tblvm: trap: every number divides zero and zero",
        "  at main (gcd.tba:8)",
    ]
    assert any(line.startswith("numbers ") for line in done.stdout.splitlines())
    assert "numbers.heap" not in done.stdout


def test_tbbuild_without_the_plugin_says_what_is_missing(plugin: Registry, tmp_path: Path) -> None:
    module = verify(assemble(EUCLID, plugin.isa), plugin.isa).module
    (tmp_path / "euclid.tbc").write_bytes(tbc.write(module))
    done = command(tmp_path / "euclid.tbc", "--run")
    assert (done.returncode, done.stdout) == (5, "")
    assert "outside" in done.stderr and "plug-in" in done.stderr and "Traceback" not in done.stderr
    assert command("-p", FILE, "-q", tmp_path / "euclid.tbc", "--run").returncode == 40
