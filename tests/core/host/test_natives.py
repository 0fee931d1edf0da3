"""Functions of micro-libraries that programs import: which are in a runtime, and what they do there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import tblvm
from tblvm.builder.artifacts import KINDS
from tblvm.builder.host import Host as Machines
from tblvm.builder.host import command
from tblvm.builder.pipeline import Artifact, build, plan, translate
from tblvm.builder.resolve import Plan, Request
from tblvm.builder.why import why
from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.errors import PolicyError, UsageError
from tblvm.core.host.services import Host
from tblvm.core.io.services import Console
from tblvm.core.registry import Registry, load
from tblvm.opcodes import types
from tblvm.opcodes.meaning import Machine
from tblvm.stack import verify

OFFERING = Path(__file__).parent / "offering"
HEADS = {
    "twice": "(a: i32) -> i32",
    "mixed": "(a: i32, b: i64, c: f32, d: f64) -> f64",
    "long": "(a: i64) -> i64",
    "half": "(a: f32) -> f32",
    "nothing": "()",
    "dividing": "(a: i32, b: i32) -> i32",
    "end": "(a: i32)",
}
CALLS = {
    "twice": "  PUSH -1073741900\n  CALL twice\n  PRINT\n",
    "mixed": "  PUSH -3\n  CONST 5000000000L\n  CONST 0.5f\n  CONST -0.25\n  CALL mixed\n  DPRINT\n",
    "long": "  CONST -9000000000000000000L\n  CALL long\n  LPRINT\n",
    "half": "  CONST 5.0f\n  CALL half\n  PRINT\n",
    "nothing": "  CALL nothing\n",
    "dividing": "  PUSH 91\n  PUSH 7\n  CALL dividing\n  PRINT\n",
}
ALL = tuple(CALLS)


def wrapped(number: int, bits: int) -> int:
    return (number + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def floats(kind: type) -> tuple[Callable[[int], float], Callable[[float], int]]:
    import struct

    code, bits = {float: ("<d", "<q"), int: ("<f", "<i")}[kind]
    return (
        lambda cell: float(
            struct.unpack(code, struct.pack(bits, wrapped(cell, 64 if code == "<d" else 32)))[0]
        ),
        lambda number: int(struct.unpack(bits, struct.pack(code, number))[0]),
    )


DOUBLE, SINGLE = floats(float), floats(int)
MODEL = {
    "twice": lambda a: wrapped(2 * a, 32),
    "mixed": lambda a, b, c, d: DOUBLE[1](a + float(b) + SINGLE[0](c) + DOUBLE[0](d)),
    "long": lambda a: wrapped(a * 1000003, 64),
    "half": lambda a: SINGLE[1](SINGLE[0](a) / 2),
    "nothing": lambda: None,
    "dividing": lambda a, b: a // b,
}


@pytest.fixture(scope="module")
def offering() -> Registry:
    return load([OFFERING])


def source(*names: str, more: str = "", spaced: bool = True) -> str:
    heads = "".join(f'.import {name}{HEADS[name]}: "tests", "{name}"\n' for name in names)
    calls = "".join(CALLS.get(name, "") + '  CONST " "\n  PRINT\n' * spaced for name in names)
    return f"{heads}.func main()\n{calls}{more}  HALT\n.end\n"


def made(registry: Registry, text: str, **more: object) -> Artifact:
    return build(assemble(text, registry.isa, "x.tba"), registry, Request(**more))  # type: ignore[arg-type]


def planned(registry: Registry, text: str, **more: object) -> Plan:
    return plan(assemble(text, registry.isa, "x.tba"), registry, Request(**more))[2]  # type: ignore[arg-type]


def run(artifact: Artifact, tmp_path: Path, *words: str) -> tuple[int, bytes, bytes]:
    path = tmp_path / "program"
    path.write_bytes(artifact.image)
    path.chmod(0o755)
    line = [*command(Machines.of(artifact.plan.target), path), *words]
    done = subprocess.run(line, capture_output=True, check=False, timeout=60, cwd=tmp_path)
    return done.returncode, done.stdout, done.stderr


def expected(registry: Registry, text: str) -> bytes:
    console = Console()
    host = Host({("tests", name): function for name, function in MODEL.items()})
    Machine(verify(assemble(text, registry.isa, "x"), registry.isa), states=(console, host)).run(registry.isa)
    return bytes(console.output)


# --- what they do ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["x86_64-linux", "aarch64-linux", "riscv64-linux", "wasm32"])
def test_every_type_goes_both_ways_on_every_target(offering: Registry, target: str, tmp_path: Path) -> None:
    text = source(*ALL)
    wanted = expected(offering, text)
    assert wanted.count(b" ") == len(ALL)
    assert run(made(offering, text, target=target), tmp_path) == (0, wanted, b"")


def test_cells_of_32_bits(offering: Registry, tmp_path: Path) -> None:
    text = source("twice", "half", "nothing", "dividing")
    artifact = made(offering, text)
    assert artifact.plan.cell_bits == 32
    assert run(artifact, tmp_path) == (0, expected(offering, text), b"")


def test_c_has_them_too(offering: Registry, tmp_path: Path) -> None:
    text = source(*ALL, more="  PUSH 9\n  CALL end\n").replace(
        ".func", f'.import end{HEADS["end"]}: "tests", "end"\n.func', 1
    )
    (tmp_path / "x.c").write_bytes(made(offering, text, artifact=KINDS["c"]).image)
    words = ["gcc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "x.c", "-o", "x", "-lm"]
    subprocess.run(words, cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "x"], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (9, expected(offering, source(*ALL)))


def test_one_fails_and_one_ends_the_program(offering: Registry, tmp_path: Path) -> None:
    text = source("dividing", more="  PUSH 1\n  PUSH 0\n  CALL dividing\n  PRINT\n")
    status, out, told = run(made(offering, text), tmp_path)
    assert (status, out) == (134, b"13 ")
    assert told.startswith(b"tblvm: trap: a host function failed\n") and b"main" in told
    text = source("twice", "end", more="  PUSH 300\n  CALL end\n  PUSH 1\n  PRINT\n")
    assert run(made(offering, text), tmp_path) == (
        300 & 0xFF,
        expected(offering, source("twice")) + b" ",
        b"",
    )


def test_programs_of_a_bundle_have_numbers_of_their_own(offering: Registry, tmp_path: Path) -> None:
    inner = source("half", "twice", "end", more="  PUSH 77\n  CALL end\n")
    outer = source("long", "twice", more='  CONST "inner"\n  SCRIPT_EXEC\n  PRINT\n')
    bundle = {"inner": verify(assemble(inner, offering.isa, "inner"), offering.isa)}
    status, out, _ = run(made(offering, outer, bundle=bundle), tmp_path)
    halves = expected(offering, source("half", "twice")) + b" "
    assert (status, out) == (0, expected(offering, source("long", "twice")) + halves + b"77")


# --- which are there ---------------------------------------------------------------------------------------


def test_a_runtime_has_those_that_its_program_calls(offering: Registry) -> None:
    artifact = made(offering, source("twice", "half"))
    items = {row.item for row in artifact.footprint.rows if row.owner == "offers.numbers"}
    assert items - {"constants"} == {"tb_tests_twice", "tb_tests_half"}
    assert "offers.end" not in artifact.plan.reasons
    text = why("offers.numbers", artifact.plan, offering)
    assert "because main (x.tba:5) → tests.twice\n" in text.replace(" → offers.numbers", "")
    # What is declared and not called asks for nothing.
    declared = source("twice").replace(".func", '.import end: "tests", "end", (i32)\n.func', 1)
    assert "offers.end" not in planned(offering, declared, passes=()).reasons


def test_what_is_denied_is_told_with_its_import(offering: Registry) -> None:
    with pytest.raises(PolicyError) as caught:
        planned(offering, source("twice"), deny=("offers",))
    assert str(caught.value) == (
        "offers.numbers is needed for main (x.tba:4) → tests.twice, but --deny offers excludes it; "
        "allow it, or change the program"
    )


def test_what_nobody_offers_is_refused_with_what_is_close(offering: Registry) -> None:
    with pytest.raises(
        PolicyError, match=r"tests\.twise is needed for main .*\(did you mean tests\.twice\?\)"
    ):
        planned(offering, source("twice").replace('"twice"', '"twise"'))
    with pytest.raises(PolicyError) as caught:
        planned(offering, source("twice").replace("-> i32", "-> i64").replace("PRINT\n", "LPRINT\n", 1))
    assert str(caught.value) == (
        "main (x.tba:4) imports tests.twice as (i32) -> (i64), but offers.numbers offers it as (i32) -> (i32): "
        "change the program"
    )


def test_two_that_offer_the_same_are_told() -> None:
    known = load([OFFERING])
    [offered, _] = known._ask("tblvm_micro_libraries")[-2:]
    again = (known.plugins[-1], [replace(offered, name="offers.again")])
    known._asked["tblvm_micro_libraries"].append(again)
    with pytest.raises(
        UsageError, match=r"offers\.numbers and offers\.again both offer tests\.twice to programs"
    ):
        known.imports  # noqa: B018


# --- modules that are loaded -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def general(offering: Registry) -> Artifact:
    return build(
        None, offering, Request(artifact=KINDS["runtime"], features=("host", "long", "double", "offers"))
    )


def loaded(general: Artifact, registry: Registry, text: str, tmp_path: Path) -> tuple[int, bytes, bytes]:
    module = verify(assemble(text, registry.isa, "x.tba"), registry.isa).module
    (tmp_path / "x.tbc").write_bytes(tbc.write(module))
    return run(general, tmp_path, "x.tbc")


def test_a_runtime_binds_by_name_and_type(offering: Registry, general: Artifact, tmp_path: Path) -> None:
    assert [each.name for each in general.plan.natives] == sorted([*ALL, "end"])
    for names in (ALL, ALL[::-1], ("half",)):
        assert loaded(general, offering, source(*names), tmp_path) == (
            0,
            expected(offering, source(*names)),
            b"",
        )
    status, out, _ = loaded(general, offering, source("end", more="  PUSH 5\n  CALL end\n"), tmp_path)
    assert (status, out) == (5, b" ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ('"twice"', '"twic"'),
            "it imports tests.twic, which this runtime does not offer: load it in Python",
        ),
        (('"tests"', '"test"'), "it imports test.twice, which this runtime does not offer"),
        (
            ("(a: i32)", "(a: i32, b: i32)"),
            "it imports tests.twice with other types than this runtime offers it",
        ),
        (("-> i32", "-> f32"), "it imports tests.twice with other types than this runtime offers it"),
        (('"twice"', '"twice\\x1b"'), "it imports tests.twice?, which"),
    ],
)
def test_a_runtime_refuses_what_it_does_not_offer(
    offering: Registry, general: Artifact, change: tuple[str, str], words: str, tmp_path: Path
) -> None:
    text = source("twice").replace(*change)
    text = text.replace("  CALL", "  PUSH 1\n  CALL", int("b: i32" in text))
    status, out, told = loaded(general, offering, text, tmp_path)
    assert (status, out) == (4, b"") and words in told.decode()


# --- in a host ---------------------------------------------------------------------------------------------


def test_a_host_goes_before(offering: Registry) -> None:
    plain = tblvm.load(source(*ALL).encode(), plugins=[OFFERING])
    assert plain.run().output == expected(offering, source(*ALL))
    text = source("twice", spaced=False).encode()
    given = tblvm.load(text, plugins=[OFFERING], imports={"tests": {"twice": lambda a: a + 1}})
    assert given.run().output == b"-1073741899"
    # The host may give it with types that nothing here has.
    other = source("twice", spaced=False).replace("-> i32", "-> f32").encode()
    assert (
        tblvm.load(other, plugins=[OFFERING], imports={"tests": {"twice": lambda a: 0.5}}).run().output
        == b"0.5"
    )
    with pytest.raises(
        tblvm.LoadError, match=r"imports tests\.twice \(i>f\): the runtime offers it with other types"
    ):
        tblvm.load(other, plugins=[OFFERING])


def test_a_program_that_ends_itself_in_a_host(offering: Registry) -> None:
    text = source("end", more="  PUSH -1\n  CALL end\n").encode()
    vm = tblvm.load(text, plugins=[OFFERING])
    assert [vm.run().status, vm.run().status] == [-1, -1]
    with pytest.raises(tblvm.Halted):
        vm.call("main")
    assert vm.run().output == b" "


def test_a_library_for_one_program(offering: Registry, tmp_path: Path) -> None:
    artifact = made(offering, source("twice"), artifact=KINDS["shared"])
    assert [each.name for each in artifact.plan.natives] == ["twice"]
    items = {row.item for row in artifact.footprint.rows if row.owner == "offers.numbers"}
    assert items == {"tb_tests_twice"}


def test_declared_types_are_number_types() -> None:
    for each in load([OFFERING]).imports.values():
        parameters, results = each[1].codes
        assert {*parameters, *results} <= {types.I32.code, types.I64.code, types.F32.code, types.F64.code}


def test_translate_and_plan_give_reasons_in_the_order_of_calls(offering: Registry) -> None:
    module = translate(source("half", "twice").encode(), "x.tba", offering)
    _, needed, _ = plan(module, offering, Request())
    assert [str(each) for each in needed.imports] == ["tests.half", "tests.twice"]
