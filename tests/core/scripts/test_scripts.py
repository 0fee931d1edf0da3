"""SCRIPT_EXEC: programs in programs, against the reference, and what an executable shows."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from tblvm.builder.cli import main
from tblvm.builder.compose import compose
from tblvm.builder.emit import emit
from tblvm.builder.pipeline import Artifact, build, plan
from tblvm.builder.resolve import Request
from tblvm.core.asm import assemble
from tblvm.core.devices.services import Prompt, Screen
from tblvm.core.io.services import Console
from tblvm.core.registry import Registry
from tblvm.core.scripts.services import NOT_GRANTED, Scripts
from tblvm.core.verified import Verified
from tblvm.opcodes.meaning import Limits, Machine, Outcome
from tests.differential.programs import sketch
from tests.harness import _system_compiler, assembled
from tests.harness import registry as harness_registry

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
CALLER = ".func main() -> i32\n{0}\n  PUSH 0\n  RET\n.end\n"
CALL = '  CONST "{0}"\n  SCRIPT_EXEC\n  PRINT\n  CONST ";"\n  PRINT\n'
SPIN = ".func main()\nagain:\n  JMP again\n.end\n"


def caller(*names: str) -> str:
    """A program that runs these and prints what each gives."""
    return CALLER.format("".join(CALL.format(name) for name in names))


@cache
def verified(text: str, registry: Registry) -> Verified:
    return assembled(text, registry)


def artifact(registry: Registry, text: str, bundle: Mapping[str, str], **more: object) -> Artifact:
    programs = {name: verified(each, registry) for name, each in bundle.items()}
    request = Request(bundle=programs, **more)  # type: ignore[arg-type]
    return build(assemble(text, registry.isa, "test.tba"), registry, request)


Ran = subprocess.CompletedProcess[bytes]


def run(path: Path, image: bytes, stdin: bytes = b"", **more: object) -> Ran:
    path.write_bytes(image)
    path.chmod(0o755)
    return fed([path], stdin, **more)


def fed(words: list[Path], stdin: bytes, **more: object) -> Ran:
    """Input is a file: all of it is there from the start, as it is for the reference."""
    words[0].with_name("input").write_bytes(stdin)
    with words[0].with_name("input").open("rb") as given:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            words, stdin=given, capture_output=True, timeout=100, check=False, cwd=words[0].parent, **more
        )


def reference(
    registry: Registry, text: str, bundle: Mapping[str, str], stdin: bytes = b"", fuel: int | None = None
) -> tuple[Outcome, bytes]:
    console = Console(stdin)
    programs = {name: verified(each, registry) for name, each in bundle.items()}
    machine = Machine(
        assembled(text, registry),
        limits=Limits(fuel=fuel, stack=700, heap=4 << 20),
        states=(console, Scripts(programs), Prompt()),
    )
    outcome = machine.run(registry.isa)
    return outcome, bytes(console.output)


# --- against the reference ---------------------------------------------------------------------------


def several(rng: random.Random, count: int) -> tuple[str, dict[str, str], bytes, int]:
    """A program that runs random ones, which run further ones; input and fuel."""
    sketches = {f"p{number}": sketch(rng, size=16, host=False) for number in range(count)}
    # Those that loop for ever are left to the fuel of all.
    bundle = {name: each.text for name, each in sketches.items()}
    names = list(bundle)
    for number in range(3):
        bundle[f"q{number}"] = caller(*rng.choices([*names, *(f"q{n}" for n in range(3))], k=3))
    order = rng.choices(list(bundle), k=12)
    if rng.random() < 0.3:
        order.append("nobody")
    stdin = b"".join(each.stdin for each in sketches.values())
    return caller(*order), bundle, stdin, rng.choice((3000, 100_000))


@pytest.mark.parametrize("number", range(3 * SCALE))
def test_random_programs_run_each_other(number: int, registry: Registry, tmp_path: Path) -> None:
    print("seed", SEED)
    text, bundle, stdin, fuel = several(random.Random(f"{SEED} scripts {number}"), 5)
    options = {"fuel": fuel, "stack": 700, "heap": 4 << 20}
    features = ("gc.marksweep", "nan.canonical")
    made = artifact(registry, text, bundle, features=features, options=options)
    ran = run(tmp_path / "program", made.image, stdin)
    outcome, output = reference(registry, text, bundle, stdin, fuel)
    assert (ran.stdout, ran.returncode) == (output, outcome.status)


@pytest.mark.parametrize("number", range(SCALE))
def test_the_same_under_sanitizers(number: int, tmp_path: Path) -> None:
    print("seed", SEED)
    registry = harness_registry()
    text, bundle, stdin, fuel = several(random.Random(f"{SEED} scripts {number} sanitized"), 5)
    programs = {name: verified(each, registry) for name, each in bundle.items()}
    request = Request(
        features=("gc.marksweep", "nan.canonical", "platform.hosted"),
        target="hosted",
        options={"fuel": fuel, "stack": 700, "heap": 4 << 20},
        bundle=programs,
    )
    found, _, planned = plan(assemble(text, registry.isa), registry, request)
    sources = emit(compose(planned, found, registry.isa))
    _system_compiler(sources, tmp_path, tmp_path / "program", True, False)
    environment = {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:exitcode=99"}
    ran = fed([tmp_path / "program"], stdin, env=environment)
    outcome, output = reference(registry, text, bundle, stdin, fuel)
    assert b"Sanitizer" not in ran.stderr and b"runtime error" not in ran.stderr, ran.stderr
    assert (ran.stdout, ran.returncode) == (output, outcome.status)


# --- what is shared, and what is not -------------------------------------------------------------------


@pytest.mark.parametrize("target", ["x86_64-linux", "aarch64-linux", "riscv64-linux"])
def test_console_is_shared_and_state_is_not(target: str, registry: Registry, tmp_path: Path) -> None:
    from tblvm.builder.host import command

    script = (
        ".global seen: i32\n.func main() -> i32\n  READ\n  LOADG seen\n  ADD\n  STOREG seen\n"
        '  LOADG seen\n  PRINT\n  CONST " in; "\n  PRINT\n  LOADG seen\n  RET\n.end\n'
    )
    text = (
        ".global seen: i32\n.func main() -> i32\n  READ\n  STOREG seen\n"
        + CALL.format("adds") * 2
        + "  LOADG seen\n  READ\n  ADD\n  RET\n.end\n"
    )
    made = artifact(registry, text, {"adds": script}, target=target)
    (tmp_path / "program").write_bytes(made.image)
    (tmp_path / "program").chmod(0o755)
    words = command(made.plan.target, tmp_path / "program")
    ran = subprocess.run(words, input=b"1 20 300 40", capture_output=True, timeout=100, check=False)
    assert ran.stdout == b"20 in; 20;300 in; 44;"  # 300 & 255
    assert ran.returncode == 41


def test_fuel_is_one(registry: Registry, tmp_path: Path) -> None:
    """The program that is under way stops, and then those that wait for it."""
    made = artifact(
        registry, caller("outer"), {"outer": caller("spin"), "spin": SPIN}, options={"fuel": 5000}
    )
    ran = run(tmp_path / "program", made.image)
    assert ran.returncode == 134
    assert ran.stderr.count(b"out of fuel") == 3
    outcome, output = reference(registry, caller("outer"), {"outer": caller("spin"), "spin": SPIN}, fuel=5000)
    assert (ran.stdout, outcome.status) == (output, 134)


def test_the_deadline_is_one(registry: Registry, tmp_path: Path) -> None:
    made = artifact(
        registry, caller("outer"), {"outer": caller("spin"), "spin": SPIN}, options={"timeout": 150}
    )
    ran = run(tmp_path / "program", made.image)
    assert ran.returncode == 124
    assert ran.stderr.count(b"time is up") == 3 or ran.stderr.count(b"interrupted") == 3, ran.stderr


def test_a_trap_stays_inside(registry: Registry, tmp_path: Path) -> None:
    script = '.func main()\n  CONST "before"\n  PRINT\n  PUSH 1\n  PUSH 0\n  DIV\n  POP\n  HALT\n.end\n'
    text = caller("bad", "bad")
    path = tmp_path / "program"
    path.write_bytes(artifact(registry, text, {"bad": script}).image)
    path.chmod(0o755)
    ran = subprocess.run(
        [path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100, check=False, cwd=tmp_path
    )
    one = b"beforetblvm: trap: integer divide by zero\n  at main (test.tba:6)\n"
    assert ran.stdout == one + b"134;" + one + b"134;"
    assert ran.returncode == 0


def test_depth(registry: Registry, tmp_path: Path) -> None:
    """As many as the option says, besides the first."""
    text = caller("again")
    bundle = {
        "again": '.func main() -> i32\n  CONST "x"\n  PRINT\n  CONST "again"\n  SCRIPT_EXEC\n  RET\n.end\n'
    }
    for depth in (1, 7):
        made = artifact(registry, text, bundle, options={"scripts.depth": depth})
        ran = run(tmp_path / f"program{depth}", made.image)
        assert ran.stdout == b"x" * depth + b"134;"
        assert ran.stderr.count(b"stack overflow") == 1


@pytest.mark.parametrize("name", ["", "bb", "B", "\u0100b", "\u00e9", "null"])
def test_other_names_trap(name: str, registry: Registry, tmp_path: Path) -> None:
    push = "NULL string" if name == "null" else f'CONST "{name}"'
    text = f".func main()\n  {push}\n  SCRIPT_EXEC\n  POP\n  HALT\n.end\n"
    bundle = {"b": ".func main()\n  HALT\n.end\n"}
    ran = run(tmp_path / "program", artifact(registry, text, bundle).image)
    assert (ran.returncode, ran.stdout) == (NOT_GRANTED.status, b"")
    assert b"no program of this name is granted\n  at main (test.tba:3)" in ran.stderr
    assert reference(registry, text, bundle)[0].trap is NOT_GRANTED


def test_without_a_bundle_nothing_is_granted(registry: Registry, tmp_path: Path) -> None:
    made = artifact(registry, caller("b"), {})
    ran = run(tmp_path / "program", made.image)
    assert ran.returncode == NOT_GRANTED.status and b"is granted" in ran.stderr
    names = {library.name for library in made.plan.libraries}
    assert "scripts.none" in names and "core.instances" not in names


def test_memory_is_given_back(registry: Registry, tmp_path: Path) -> None:
    """Thousands of programs with megabytes each, in an address space for a few."""
    script = ".memory m: 64\n.func main()\n  CONST 100000\n  NEW 1000\n  POP\n  POP\n  HALT\n.end\n"
    text = (
        ".func main()\n  .local left: i32\n  CONST 3000\n  STORE left\nagain:\n"
        '  CONST "one"\n  SCRIPT_EXEC\n  POP\n  LOAD left\n  DEC\n  STORE left\n  LOAD left\n  JNZ again\n'
        "  PUSH 7\n  PRINT\n  HALT\n.end\n"
    )
    made = artifact(registry, text, {"one": script}, options={"heap": 16 << 20})
    limit = 128 << 20
    ran = run(
        tmp_path / "program",
        made.image,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert (ran.returncode, ran.stdout) == (0, b"7")


def test_each_has_a_screen(registry: Registry, tmp_path: Path) -> None:
    from PIL import Image

    script = ".screen 3, 2\n.func main()\n  PUSH 2\n  PUSH 1\n  CONST 0x00ff80\n  PIXEL_SET\n  HALT\n.end\n"
    ran = run(tmp_path / "program", artifact(registry, caller("draws"), {"draws": script}).image)
    assert ran.stdout == b"0;"
    with Image.open(tmp_path / "screen.png") as image:
        assert image.size == (3, 2)
        assert image.getpixel((2, 1)) == (0, 0xFF, 0x80)
        assert image.getpixel((0, 0)) == (0, 0, 0)


def test_the_model_shares_the_console_only(registry: Registry) -> None:
    machine = Machine(
        assembled(caller("draws"), registry),
        states=(
            Console(),
            Screen(),
            Scripts({"draws": assembled("  .func main()\n  HALT\n.end\n", registry)}),
        ),
    )
    machine.state(Screen).written = 3
    machine.run(registry.isa)
    assert machine.state(Screen).written == 3


def test_names_of_programs_are_no_names_of_tables(registry: Registry, tmp_path: Path) -> None:
    """Each has a table `types`; `function_types` is one of the runtime's own."""
    script = (
        ".table t: 1\n.class C\n  x: i32\n.end\n.func main()\n  NEWOBJ C\n  POP\n  PUSH 0\n  TABLE_GET\n  POP\n"
        + (
            "  PUSH 1\n  JNZ end\n  CALL calls\nend:\n  HALT\n.end\n.func calls()\n  PUSH 0\n  CALL_INDIRECT ()\n  RET\n.end\n"
        )
    )
    made = artifact(registry, caller("function", "function_"), {"function": script, "function_": script})
    assert {"types", "function_types"} <= {table.name for table in made.composition.tables}
    assert run(tmp_path / "program", made.image).stdout == b"0;0;"


# --- plan, report, command line ------------------------------------------------------------------------


def test_the_plan_is_for_all_of_them(registry: Registry) -> None:
    """The widest cells, the largest stack and heap, all opcodes; reasons from each."""
    wide = ".stack 5000\n.heap 2M\n.func main()\n  CONST 3\n  I2L\n  LPRINT\n  NEW 10\n  POP\n  HALT\n.end\n"
    made = artifact(registry, caller("wide"), {"wide": wide})
    assert made.plan.cell_bits == 64
    assert (made.plan.options["stack"], made.plan.options["heap"]) == (5000, 2 << 20)
    ram = {row.item: row.size for row in made.footprint.rows if row.kind == "memory"}
    assert ram["VM stack of 5 programs"] >= 5 * 5000 * 8
    assert ram["heap cage of 5 programs"] >= 5 * (2 << 20)
    assert ram["state of 4 programs"] > 0
    assert made.footprint.native_stack.bytes is not None


def test_the_native_stack_grows_with_the_depth(registry: Registry) -> None:
    bounds = []
    for depth in (1, 2, 10):
        made = artifact(registry, caller("b"), {"b": caller("b")}, options={"scripts.depth": depth})
        bounds.append(made.footprint.native_stack.bytes or 0)
    assert bounds[1] > bounds[0] and bounds[2] - bounds[1] == 8 * (bounds[1] - bounds[0])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "a.tba").write_text(caller("b"))
    (tmp_path / "b.tba").write_text(".func main()\n  HALT\n.end\n")
    return tmp_path / "a.tba", tmp_path / "b.tba"


def test_command_line(files: tuple[Path, Path], tmp_path: Path) -> None:
    caller_, script = files
    out = tmp_path / "out"
    given = [str(caller_), "--bundle", f"b={script}", "-o", str(out), "--json"]
    done = CliRunner().invoke(main, given)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["bundle"] == ["b"]
    assert subprocess.run([out], capture_output=True, check=False).stdout == b"0;"


@pytest.mark.parametrize(
    ("bundle", "status", "message"),
    [
        ("b", 2, "--bundle takes NAME=FILE, not 'b'"),
        ("b=", 2, "--bundle takes NAME=FILE, not 'b='"),
        ("a/b={script}", 2, "is no name for a program"),
        ("={script}", 2, "is no name for a program"),
        ("b=nowhere.tba", 2, "nowhere.tba"),
        ("b={caller} b={script}", 2, "two programs are called b"),
        ("b={broken}", 1, "broken.tba"),
    ],
)
def test_what_cannot_be_bundled(
    bundle: str, status: int, message: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.tba"
    broken.write_text(".func main()\n  FLY\n.end\n")
    given = bundle.format(caller=files[0], script=files[1], broken=broken).split()
    options = [word for each in given for word in ("--bundle", each)]
    done = CliRunner().invoke(main, [str(files[0]), *options, "-o", str(tmp_path / "out")])
    assert done.exit_code == status
    assert message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_bundle_that_nothing_runs(files: tuple[Path, Path], tmp_path: Path) -> None:
    _, script = files
    done = CliRunner().invoke(main, [str(script), "--bundle", f"b={script}", "-o", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "nothing would run b" in done.stderr


def test_a_runtime_has_no_bundle(files: tuple[Path, Path], tmp_path: Path) -> None:
    given = ["--artifact", "runtime", "--bundle", f"b={files[1]}", "-o", str(tmp_path / "rt")]
    done = CliRunner().invoke(main, given)
    assert done.exit_code == 2
    assert "a runtime runs no bundled programs" in done.stderr


def test_an_unverified_program_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.tba"
    bad.write_text(".func main()\n  POP\n  HALT\n.end\n")
    done = CliRunner().invoke(main, [str(files[0]), "--bundle", f"b={bad}", "-o", str(tmp_path / "out")])
    assert done.exit_code == 5
    assert "main" in done.stderr and not (tmp_path / "out").exists()
