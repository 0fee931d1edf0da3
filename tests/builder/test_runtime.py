"""`tbbuild --artifact runtime`: executables that load modules."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner

from tblvm.builder.cli import main
from tblvm.builder.general import general, pages
from tblvm.builder.pipeline import Artifact, build
from tblvm.builder.resolve import Request
from tblvm.core import tbc
from tblvm.core.errors import ModuleError, UsageError
from tblvm.core.module import Module
from tblvm.core.registry import Registry, load
from tblvm.core.verified import Verified
from tblvm.stack import verify
from tests.core.loader import asks_for_more
from tests.core.loader.mutants import mutant
from tests.harness import LINEAR, TABLES, Job, assembled, reference
from tests.harness import registry as harness_registry
from tests.programs import EXAMPLES, STOPPED, expected

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
FILES = 300 * SCALE
# What stops at a place that these limits would not let it reach, or needs one of its own.
OTHER_LIMITS: dict[str, dict[str, int]] = {"tail call": {}, "tail call, no room": {"stack": 11}}
# Opcodes that say what no two runs need to have in common.
SURROUNDINGS = {"TIME_GET", "SPACE_INFO", "EVENT_WAIT"}
LIMITS = {"fuel": 20_000, "stack": 400, "heap": 4096}
Done = subprocess.CompletedProcess[bytes]


@cache
def made(features: tuple[str, ...], limits: tuple[tuple[str, int], ...] = ()) -> Artifact:
    # It lacks HOST: what imports are bound to is told in tests/core/host.
    request = Request(features=features, options=dict(limits), deny=("host.standalone",))
    return build(None, load(), request)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Done]:
    """Runs a file on the runtime with these features."""

    def on(file: bytes, *features: str, given: bytes = b"", **limits: int) -> Done:
        artifact = made(features, tuple(sorted(limits.items())))
        runtime, path = tmp_path / "rt", tmp_path / "it.tbc"
        if not runtime.exists() or runtime.read_bytes() != artifact.image:
            runtime.write_bytes(artifact.image)
            runtime.chmod(0o755)
        path.write_bytes(file)
        return subprocess.run(
            [runtime, "it.tbc"], cwd=tmp_path, input=given, capture_output=True, check=False, timeout=60
        )

    return on


Run = Callable[..., Done]


def file_of(text: str) -> bytes:
    return tbc.write(assembled(text).module)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path, run: Run) -> None:
    text = path.read_text()
    wanted = expected(text)
    frees = any(form.declaration.name == "FREE" for form in assembled(text).forms)
    done = run(file_of(text), *(("core", "memory.freelist") if frees else ("gc",)), given=wanted.stdin)
    assert (done.stdout, done.stderr, done.returncode) == (wanted.output, b"", 0)


@pytest.mark.parametrize("name", [name for name in STOPPED if name != "time"])
def test_what_stops_a_program_is_said(name: str, run: Run) -> None:
    case = STOPPED[name]
    freelist = "free" in name
    features = ("core", "memory.freelist") if freelist else ("object",) if "no collector" in name else ("gc",)
    done = run(file_of(case.text), *features, **OTHER_LIMITS.get(name, {} if freelist else LIMITS))
    first, *trace = done.stderr.decode().splitlines()
    assert (first, done.returncode) == (f"tblvm: trap: {case.message}", case.status)
    places = [each.replace("stopped.tba", "test.tba") for each in case.places]
    for place, line in zip(places, [*trace[: len(places) - 1], trace[-1]], strict=True):
        assert line.startswith("  ") and place in line, done.stderr


def test_the_result_is_the_status_and_standard_input_is_the_programs(run: Run) -> None:
    file = file_of(".func main() -> i32\n  READ\n  RET\n.end\n")
    assert run(file, "gc", given=b" 300").returncode == 300 & 0xFF


def test_a_module_on_standard_input(run: Run, tmp_path: Path) -> None:
    file = file_of('.func main()\n  CONST "ä€😀"\n  PRINT\n  HALT\n.end\n')
    assert run(file, "gc").stdout.decode() == "ä€😀"
    for arguments in ([], ["-"]):
        done = subprocess.run([tmp_path / "rt", *arguments], input=file, capture_output=True, check=False)
        assert done.stdout.decode() == "ä€😀"


INHERITED = """\
.class Base
  small: i8
  first: any
.end
.class Middle extends Base implements Tells
  number: i64
  .method tell: tell
.end
.class Last extends Middle
  second: any
  tiny: u8
.end
.interface Tells
  tell() -> i32
.end
.func tell(self: Middle) -> i32
  LOAD self
  GETFIELD Base.first
  CAST i32[]
  PUSH 1
  ALOAD
  RET
.end
.func made(number: i32) -> any
  .local it: i32[]
  PUSH 2
  NEWARRAY i32[]
  STORE it
  LOAD it
  PUSH 1
  LOAD number
  ASTORE
  LOAD it
  RET
.end
.func main()
  .local it: Last
  NEWOBJ Last
  STORE it
  LOAD it
  PUSH 41
  CALL made
  PUTFIELD Base.first
  LOAD it
  PUSH 42
  CALL made
  PUTFIELD Last.second
  LOAD it
  PUSH 43
  PUTFIELD Last.tiny
  PUSH 44
  CALL made
  POP
  LOAD it
  INVOKEINTERFACE Tells.tell
  PRINT
  LOAD it
  INVOKEVIRTUAL Middle.tell
  PRINT
  LOAD it
  GETFIELD Last.second
  CAST i32[]
  PUSH 1
  ALOAD
  PRINT
  LOAD it
  GETFIELD Last.tiny
  PRINT
  LOAD it
  INSTANCEOF Tells
  PRINT
  LOAD it
  GETFIELD Base.first
  INSTANCEOF Base
  PRINT
  HALT
.end
"""


def test_a_collector_sees_inherited_references(run: Run) -> None:
    """A collection at every allocation: what it frees is taken again at once."""
    done = run(file_of(INHERITED), "gc", **{"gc.stress": 1, "heap": 128})
    assert (done.stdout, done.stderr, done.returncode) == (b"4141424310", b"", 0)


# --- what is refused ------------------------------------------------------------------------------------


OBJECTS = ".class P\n  x: i32\n.end\n.func main()\n  NEWOBJ P\n  POP\n  HALT\n.end\n"
MAIN = ".func main()\n  HALT\n.end\n"
BEYOND = "it has interfaces, or classes that inherit or have methods: build a runtime with page object"
REFUSED = [
    (f".interface I\n.end\n{MAIN}", ("core", "gc"), 4, f"{BEYOND}\n"),
    (f".class A\n.end\n.class B extends A\n.end\n{MAIN}", ("core", "memory.freelist"), 4, BEYOND),
    (OBJECTS, ("core", "memory.freelist"), 5, "it uses page object, which this runtime does not have"),
    (
        ".func main()\n  NEW 1\n  FREE\n  HALT\n.end\n",
        ("gc",),
        4,
        "function main, offset 2: it needs an opcode",
    ),
    (".collector\n.func main()\n  HALT\n.end\n", ("core", "memory.freelist"), 4, "it relies on a collector"),
    (".stack 1M\n.func main()\n  HALT\n.end\n", ("gc",), 6, "it needs a larger stack"),
    (".heap 1G\n.func main()\n  HALT\n.end\n", ("gc",), 6, "it needs a larger heap"),
]


@pytest.mark.parametrize(
    ("text", "features", "status", "message"), REFUSED, ids=[each[3] for each in REFUSED]
)
def test_what_the_runtime_does_not_have(
    text: str, features: tuple[str, ...], status: int, message: str, run: Run
) -> None:
    done = run(file_of(text), *features)
    assert (done.returncode, done.stdout) == (status, b"")
    assert done.stderr.startswith(f"tblvm: it.tbc: {message}".encode())
    assert done.stderr.count(b"\n") == 1


def test_a_frame_that_the_stack_does_not_hold(run: Run) -> None:
    locals_ = "".join(f"  .local a{n}: i32\n" for n in range(500))
    done = run(file_of(f".func main()\n{locals_}  HALT\n.end\n"), "gc", **LIMITS)
    assert (done.returncode, b"larger stack" in done.stderr) == (6, True)


def test_what_is_no_module(run: Run, tmp_path: Path) -> None:
    done = run(b"\x7fELF", "gc")
    assert (done.returncode, done.stderr) == (
        5,
        b"tblvm: it.tbc: this is no .tbc file: it does not begin with TBCO\n",
    )
    done = subprocess.run([tmp_path / "rt", "none"], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (2, b"tblvm: none: it cannot be opened\n")
    done = subprocess.run([tmp_path / "rt", "."], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (2, b"tblvm: .: it cannot be read\n")


def test_a_file_larger_than_the_limit(run: Run) -> None:
    file = file_of(".func main()\n  HALT\n.end\n")
    limits = {"load.memory": 4096}
    done = run(file + bytes(4096), "gc", **limits)
    assert (done.returncode, b"load.memory" in done.stderr) == (6, True)
    # It fits, and what is built from it does not.
    done = run(file, "gc", **limits)
    assert (done.returncode, b"more memory" in done.stderr) == (6, True)


def test_names_cannot_control_a_terminal(run: Run) -> None:
    module = assembled(".func main()\n  PUSH 1\n  PUSH 0\n  DIV\n  PRINT\n  HALT\n.end\n").module
    evil = replace(module, debug=replace(module.debug, functions=("\x1b[31m\u202eü",), source="a/\x07"))
    done = run(tbc.write(evil), "gc")
    assert done.stderr.decode().splitlines()[1] == "  at ?[31m?ü (?:4)"
    wrong = replace(
        evil, functions=(replace(evil.functions[0], code=b"\x10\x29"),), debug=replace(evil.debug, lines=())
    )
    done = run(tbc.write(wrong), "gc")
    assert done.stderr.decode().startswith(
        "tblvm: it.tbc: function ?[31m?ü, offset 0: it takes more operands"
    )


# --- the artifact itself ---------------------------------------------------------------------------------


def test_the_report_adds_up() -> None:
    footprint = made(("gc",)).footprint
    assert sum(row.size for row in footprint.rows if row.in_file) == len(made(("gc",)).image)
    assert footprint.total("text", "rodata", program=True) == 0
    owners = {row.owner for row in footprint.rows}
    assert {"core.loader", "core.runtime", "stack.verifier", "gc.marksweep"} <= owners


def test_pages(registry: Registry) -> None:
    every = {name for name, page in registry.isa.pages.items() if page.prefix is not None}
    assert set(pages(registry, ())) == set(pages(registry, ("gc",))) == every
    assert pages(registry, ("core", "gc")) == ("core",)
    assert pages(registry, ("object", "gc")) == ("core", "object")


def test_denied_opcodes_are_left_out(registry: Registry) -> None:
    plan = general(registry, Request(features=("core",), deny=("io.input",)))
    names = {use.form.declaration.name for use in plan.need.uses}
    assert "PRINT" in names and "READ" not in names
    assert "EVENT_WAIT" not in names  # needs what READ needs


_TABLES = """
from pathlib import Path
from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary, Table

@hookimpl
def tblvm_micro_libraries():
    tables = lambda program: (Table("test_only", "u8", b"x", align=1),)
    return [MicroLibrary(name="test-tables", doc="d", room=Path(__file__).parent, tables=tables)]
"""


def test_a_library_that_cannot_make_its_tables_at_run_time(tmp_path: Path) -> None:
    (tmp_path / "tables.py").write_text(_TABLES)
    reg = load([tmp_path / "tables.py"])
    with pytest.raises(
        UsageError, match=r"test-tables cannot be in a runtime.*on_load.*--features test-tables"
    ):
        general(reg, Request(features=("core", "test-tables")))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a program"),
        (["--artifact", "runtime", "x.tba"], "a runtime is built without a program"),
        (["--artifact", "runtime", "--run"], "a runtime needs a module to run"),
    ],
)
def test_usage(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, message in done.output) == (2, True)


# --- mutated files: refused with a message, or run as the reference interpreter does ---------------------------


def verified(file: bytes, reg: Registry) -> Verified | None:
    try:
        return verify(tbc.read(file), reg.isa)
    except ModuleError:
        return None


def too_large(module: Module) -> bool:
    """Whether it asks for more than LIMITS."""
    entry = module.functions[module.entry]
    cells = len(entry.locals) + entry.max_stack + 2
    return module.min_stack > LIMITS["stack"] or module.min_heap > LIMITS["heap"] or cells > LIMITS["stack"]


def lacks(checked: Verified) -> bool:
    """Whether the program asks for what such a runtime has not, or has nobody to give."""
    asks = any(form.declaration.name in ("FREE", "HOST") for form in checked.forms)
    return asks or any(each.kind != "function" for each in checked.module.imports)


def test_mutated_files(run: Run) -> None:
    reg = harness_registry()
    limits = {**LIMITS, "linear": LINEAR, "tables": TABLES}  # those of the reference
    options = made(("gc",), tuple(sorted(limits.items()))).plan.options
    ends: Counter[int] = Counter()
    for number in count():
        if sum(ends.values()) == FILES:
            break
        file = mutant(reg, number, SEED + 1)
        what = f"seed {SEED}, file {number}"
        checked = verified(file, reg)
        refused = 5 if checked is None else 4 if lacks(checked) else 0
        if refused and ends[refused] > FILES * {5: 2 / 3, 4: 1 / 6}[refused]:
            continue  # of these there are enough: others are to run
        done = run(file, "gc", **limits)
        ends[done.returncode] += 1
        if checked is None or refused:
            assert done.returncode == refused, (what, done.stderr)
        elif too_large(checked.module) or asks_for_more(checked.module, options):
            assert done.returncode == 6, (what, done.stderr)
        elif any(form.declaration.name in SURROUNDINGS for form in checked.forms):
            # What it does depends on the time and on the machine: it ends in an orderly way.
            assert done.returncode not in (2, 4, 5, 6) or not done.stderr, (what, done.stderr)
            assert not done.stderr or done.stderr.startswith(b"tblvm: trap: "), (what, done.stderr)
            continue
        else:
            _, outcome, output = reference(Job(checked, **LIMITS), reg)
            wanted = outcome.trap.status if outcome.trap else outcome.status & 0xFF
            assert (done.returncode, done.stdout) == (wanted, output), (what, done.stderr)
            if outcome.trap:
                assert done.stderr.startswith(f"tblvm: trap: {outcome.trap.message}\n".encode()), what
            continue
        assert done.stdout == b"" and done.stderr.startswith(b"tblvm: it.tbc: "), what
        assert done.stderr.count(b"\n") == 1, what
    assert ends[0] + ends[134] > FILES // 20 and ends[5] > FILES // 3, ends
