"""The harness: builds runtimes with every opcode, sends them programs, reads how each run ended.

    harness = compiled("marksweep", target="aarch64-linux")
    [run] = harness.run([Job(verified, stdin=b"", fuel=10**6)])

The same image format serves the freestanding build by `zig cc`, which is what users get (under an emulator
where the target is not this machine), and a build by gcc with AddressSanitizer and UndefinedBehaviorSanitizer on top of a C library.
"""

from __future__ import annotations

import atexit
import inspect
import os
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tblvm.builder.artifacts import EXE
from tblvm.builder.compile import compile_, write_sources
from tblvm.builder.compose import Composition, compose, numbers, tables
from tblvm.builder.emit import Sources, emit
from tblvm.builder.host import command
from tblvm.builder.need import Need, demands
from tblvm.builder.need import need as find_need
from tblvm.builder.resolve import Request, resolve
from tblvm.core.aot.units import print_engine
from tblvm.core.asm import assemble
from tblvm.core.forms import forms, uses
from tblvm.core.program import Use, link
from tblvm.core.registry import Registry, load
from tblvm.core.verified import Verified
from tblvm.opcodes import types
from tblvm.opcodes.meaning import Limits, Machine, Outcome, Place
from tblvm.stack import verify
from tests.harness.builds import shared

HERE = Path(__file__).parent
# The machines that users have, and where else executables run.
TARGETS = tuple(name for name, each in load().targets.items() if EXE.is_for(each) and each.format == "elf")
# What runs where a test does not say; those that run programs which come at run time, that one first.
ENGINE = os.environ.get("TBLVM_TEST_ENGINE", "switch")
ENGINES = (ENGINE, *(name for name, each in load().engines.items() if each.loads and name != ENGINE))
# What compiles an engine on top of a C library, with sanitizers, where that is not gcc: this one's handlers are functions
# where the compiler has tail calls, and otherwise one function, over which gcc takes minutes.
COMPILERS = {"threaded": "clang"}
EVERYWHERE = tuple(name for name, each in load().targets.items() if EXE.is_for(each))
LINE = 64  # bytes that a line of input may have
# So little that programs reach it: bytes of linear memory, elements of tables.
LINEAR, TABLES = 6 << 16, 24


@cache
def registry(plugins: tuple[Path, ...] = ()) -> Registry:
    return load([HERE, *plugins])


def every_use(reg: Registry, excluded: frozenset[str]) -> Iterator[Use]:
    """Every form that a program could use, in every shape that resolved code has for it."""
    for opcode in reg.isa:
        for declaration in opcode.declarations:
            if declaration.library not in excluded:
                for form in forms(declaration):
                    yield from uses(opcode, form)


@dataclass(frozen=True)
class Job:
    """A program to run. fuel: instructions it may use; stress: collect at every allocation."""

    verified: Verified
    stdin: bytes = b""
    fuel: int = 1 << 40
    stack: int = 65536
    heap: int = 1 << 20
    stress: bool = False


@dataclass
class Run:
    """How a run ended. signal: nonzero when the process did not end by itself; trace as meaning.Place."""

    output: bytes = b""
    trap: str = ""
    status: int = 0
    fuel_used: int = 0
    trace: tuple[Place, ...] = ()
    collections: list[tuple[int, int]] = field(default_factory=list)
    globals: dict[int, int] = field(default_factory=dict)
    memories: list[tuple[int, int]] = field(default_factory=list)  # size in pages, checksum
    tables: list[tuple[int, int]] = field(default_factory=list)  # size, checksum
    screen: int = 0  # a checksum of the pixels
    wait_status: int = -1


@dataclass
class Harness:
    """A built runtime that loads programs."""

    reg: Registry
    composition: Composition
    executable: Path
    sanitized: bool

    @property
    def collector(self) -> bool:
        return "collector" in self.composition.plan.interfaces

    def run(self, jobs: Sequence[Job]) -> list[Run]:
        """Run *jobs*, each in a process of its own; in order."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "images").write_bytes(b"".join(self._image(job) for job in jobs))
            environment = dict(os.environ)
            if self.sanitized:
                environment["ASAN_OPTIONS"] = f"log_path={folder}/report:detect_leaks=0:abort_on_error=1"
                environment["UBSAN_OPTIONS"] = f"log_path={folder}/report:print_stacktrace=1"
            with (
                (folder / "images").open("rb") as images,
                (folder / "output").open("wb") as output,
                (folder / "records").open("wb") as records,
            ):
                done = subprocess.run(
                    command(self.composition.plan.target, self.executable),
                    stdin=images,
                    stdout=output,
                    stderr=records,
                    env=environment,
                    check=False,
                    timeout=200,
                )
            reports = "\n".join(each.read_text() for each in sorted(folder.glob("report*")))
            assert not reports, reports
            assert done.returncode == 0, f"the harness ended with {done.returncode}"
            runs = list(
                self._parse((folder / "records").read_bytes(), (folder / "output").read_bytes(), jobs)
            )
        assert len(runs) == len(jobs)
        return runs

    def _image(self, job: Job) -> bytes:
        plan = self.composition.plan
        known = numbers(self.composition.handlers) if plan.engine.loads else None
        program = link(job.verified, self.reg.isa, known, plan.cell_bits)
        found = {table.name: table for table in tables(self.composition.plan, program)}
        names = list(dict.fromkeys(table.name for table in self.composition.tables))
        head = 10 * 4 + 8 + 64 * 4
        body, places = bytearray(), []
        for name in names:
            body += bytes(-len(body) % 8)
            places.append(head + len(body))
            body += found[name].data + bytes(8)
        module = job.verified.module
        where = head + len(body)
        body += job.stdin
        body += bytes(-len(body) % 8)
        results = len(module.function_type(module.entry).results)
        words = (head + len(body), module.entry, results, job.stack, job.heap, int(job.stress))
        words += (len(program.strings), len(job.stdin), where, len(module.globals))
        return struct.pack("<10Iq64I", *words, job.fuel, *places, *[0] * (64 - len(places))) + bytes(body)

    def _parse(self, records: bytes, output: bytes, jobs: Sequence[Job]) -> Iterator[Run]:
        queue = iter(jobs)
        run, frames, start = Run(), [], 0
        job = next(queue, None)
        for kind, a, b, c, d, e in struct.iter_unpack("<6I", records):
            assert job is not None
            if kind == ord("G"):
                run.collections.append((a, b))
            elif kind == ord("F"):
                frames.append((a, b))
            elif kind == ord("V"):
                run.globals[a] = b | c << 32
            elif kind == ord("M"):
                run.memories.append((a, b))
            elif kind == ord("T"):
                run.tables.append((a, b))
            elif kind == ord("P"):
                run.screen = a
            elif kind == ord("E"):
                traps = self.composition.plan.traps
                run.trap = traps[a - 1].name if a else ""
                run.status = b
                left = struct.unpack("<q", struct.pack("<II", c, d))[0]
                run.fuel_used = job.fuel - left
                run.output, start = output[start:e], max(start, e)
                run.trace = tuple(_place(job.verified, function, pc) for function, pc in frames)
            elif kind == ord("X"):
                run.wait_status = a
                yield run
                run, frames = Run(), []
                job = next(queue, None)
            else:
                raise AssertionError(f"record {kind}")


def _place(verified: Verified, function: int, pc: int) -> Place:
    """The instruction of which the engine had fetched up to *pc* (an offset in all code)."""
    start = sum(len(each.code) for each in verified.module.functions[:function])
    offsets = verified.functions[function].offsets
    return Place(function, max(offset for offset in offsets if offset < pc - start))


_SAMPLE = '.global g: i32\n.func main()\n  CONST "x"\n  POP\n  HALT\n.end\n'


def compiled(
    name: str,
    *,
    sanitize: bool = False,
    coverage: bool = False,
    plugins: tuple[Path, ...] = (),
    more: tuple[str, ...] = (),
    target: str = "x86_64-linux",
    engine: str = ENGINE,
    cell_bits: int = 64,
) -> Harness:
    """A harness with heap *name*: "marksweep" (a tiny mark stack, so that it overflows), "freelist", or a
    micro-library of a plug-in. more: other features. sanitize and coverage build for target "hosted".
    cell_bits: with 32, for programs without 64-bit values."""
    target = "hosted" if sanitize or coverage else target
    return _compiled(name, sanitize, coverage, plugins, more, target, engine, cell_bits)


def run_compiled(
    jobs: Sequence[Job],
    name: str,
    engine: str,
    *,
    sanitize: bool = False,
    plugins: tuple[Path, ...] = (),
    more: tuple[str, ...] = (),
    target: str = "x86_64-linux",
    cell_bits: int = 64,
) -> list[Run]:
    """Runs *jobs* by an engine that loads no programs: all of them are in one executable. The rest as
    `compiled` has it."""
    target = "hosted" if sanitize else target
    programs = tuple(job.verified for job in jobs)
    return _made(name, sanitize, False, plugins, more, target, engine, cell_bits, programs).run(jobs)


def _made(
    name: str,
    sanitize: bool,
    coverage: bool,
    plugins: tuple[Path, ...],
    more: tuple[str, ...],
    target: str,
    engine: str,
    cell_bits: int,
    programs: tuple[Verified, ...] = (),
) -> Harness:
    reg = registry(plugins)
    hosted = target == "hosted"
    excluded = frozenset() if name == "freelist" else frozenset({"memory.freelist"})
    uses = dict.fromkeys(
        (use for use in every_use(reg, excluded) if cell_bits == 64 or not use.form.is_wide), (1, None)
    )
    asked, services, traps = demands((use.form, "every opcode") for use in uses)
    need = Need(
        uses, tuple(asked), tuple(services), tuple(sorted(traps, key=lambda t: t.name)), 2, 0, 0, 0, 64
    )
    library = {"marksweep": "gc.marksweep", "freelist": "memory.freelist"}.get(name, name)
    features = [library, "core.fuel", *more, *([] if name == "freelist" else ["harness.audit"])]
    features += ["harness.host", *(["harness.hosted", "platform.hosted"] if hosted else ["harness.linux"])]
    request = Request(
        features=tuple(features),
        target=target,
        engine=engine,
        cell_bits=cell_bits,
        options={
            "screen.file": "",
            "linear": LINEAR,
            "tables": TABLES,
            "prompt.line": LINE,
            **({"gc.mark-stack": 3} if name == "marksweep" else {}),
        },
    )
    plan = resolve(need, reg, request)
    if programs:
        linked = [link(each, reg.isa, None, plan.cell_bits) for each in programs]
        plan = replace(plan, engine=replace(plan.engine, print=partial(print_engine, given=linked)))
    sample = verify(assemble(_SAMPLE, reg.isa), reg.isa)
    composition = compose(plan, sample, reg.isa, loaded=True)
    sources = _at_run_time(emit(composition), composition)
    if hosted:
        executable = system_compiled(
            sources, "harness", sanitize=sanitize, coverage=coverage, compiler=COMPILERS.get(engine, "gcc")
        )
        return Harness(reg, composition, executable, sanitize)

    def make(folder: Path) -> None:
        executable = folder / "harness"
        executable.write_bytes(compile_(sources, plan.target, symbols=True, keep=folder).image)
        executable.chmod(0o755)

    executable = shared(sources, (version("ziglang"), plan.target), make) / "harness"
    return Harness(reg, composition, executable, sanitize)


_compiled = cache(_made)


def system_compiled(
    sources: Sources, name: str, *, sanitize: bool, coverage: bool, compiler: str = "gcc"
) -> Path:
    """The executable *name* of *sources*, compiled by gcc or clang on top of a C library. With *coverage* each
    process has its own, beside which its counters are."""

    def make(folder: Path) -> None:
        _system_compiler(sources, folder, folder / name, sanitize, coverage, compiler)

    if coverage:
        folder = Path(tempfile.mkdtemp(prefix=f"tblvm-{name}-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        make(folder)
        return folder / name
    return (
        shared(
            sources, (_system_version(compiler), name, sanitize, inspect.getsource(_system_compiler)), make
        )
        / name
    )


@cache
def _system_version(compiler: str) -> str:
    return subprocess.run([compiler, "--version"], check=True, capture_output=True, text=True).stdout


def _at_run_time(sources: Sources, composition: Composition) -> Sources:
    """What a plan fixes and a test varies comes from the image."""
    header = sources.headers["tb_plan.h"]
    varied = {
        "TB_STACK_CELLS": "tb_harness_now->stack_cells",
        "TB_HEAP_BYTES": "tb_harness_now->heap_bytes",
        "TB_FUEL": "(s64)tb_harness_now->fuel",
        "TB_GC_STRESS": "tb_harness_now->stress",
        "TB_GC_AUDIT(cx)": "tb_harness_audit(cx)",
        "TB_STRINGS_BYTES(cx)": "tb_harness_now->strings_bytes",
    }
    for macro, value in varied.items():
        header = re.sub(rf"^#define {re.escape(macro)} .*$", f"#define {macro} {value}", header, flags=re.M)
    names = list(dict.fromkeys((table.name, table.ctype) for table in composition.tables))
    loads = "".join(
        f"tb_the_store.image.{name} = (const {ctype} *)(const void *)(base + table[{index}]); "
        for index, (name, ctype) in enumerate(names)
    )
    more = f"#define TB_HARNESS_TABLES {loads}"
    header = re.sub(r"typedef u\d+ TB_MAY_ALIAS cell;", lambda found: f"{found[0]}\n{more}", header)
    header = header.replace("#endif\n", '#include "tb_harness.h"\n#endif\n')
    return replace(sources, headers={**sources.headers, "tb_plan.h": header})


def _system_compiler(
    sources: Sources, folder: Path, executable: Path, sanitize: bool, coverage: bool, compiler: str = "gcc"
) -> None:
    write_sources(sources, folder)
    flags = [
        "-std=gnu11",
        "-g",
        "-O1",
        "-fno-strict-aliasing",
        "-ffp-contract=off",
        "-Wall",
        "-Wextra",
        "-Werror",
    ]
    if sanitize:
        flags += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    if coverage:
        flags += ["--coverage", "-O0"]
    include = [f"-I{folder}", *(f"-I{path}" for path in sources.include)]
    units = [str(folder / unit.name) for unit in sources.units]
    subprocess.run([compiler, *flags, *include, *units, "-lm", "-o", executable], check=True, cwd=folder)


def assembled(text: str, reg: Registry | None = None) -> Verified:
    isa = (reg or registry()).isa
    return verify(assemble(text, isa, "test.tba"), isa)


def reference(
    job: Job, reg: Registry | None = None, *, collector: bool = True
) -> tuple[Machine, Outcome, bytes]:
    """The same run by the reference interpreter: the machine, its outcome, what it printed."""
    from tblvm.core.devices.services import Prompt
    from tblvm.core.io.services import Console
    from tests.harness.host import HOST

    console = Console()
    console.input = job.stdin
    limits = Limits(stack=job.stack, heap=job.heap, fuel=job.fuel, linear=LINEAR, tables=TABLES)
    machine = Machine(
        job.verified,
        limits=limits,
        states=(console, Prompt(LINE), HOST),
        watch_heap=job.stress,
        collector=collector,
    )
    outcome = machine.run((reg or registry()).isa)
    return machine, outcome, bytes(console.output)


def differences(
    job: Job,
    run: Run,
    *,
    collector: bool = True,
    reg: Registry | None = None,
    canonical: bool = False,
    known: tuple[Machine, Outcome, bytes] | None = None,
) -> list[str]:
    """What the native run did otherwise than the reference; empty when they agree. canonical: the bits of
    NaNs count too. known: the reference's run, where there was one already."""
    from tblvm.core.devices.services import Screen

    machine, outcome, output = known or reference(job, reg, collector=collector)
    found = []

    def compare(what: str, native: object, expected: object) -> None:
        if native != expected:
            found.append(f"{what}: native {native!r}, reference {expected!r}")

    compare("process", run.wait_status, 0)
    compare("trap", run.trap, outcome.trap.name if outcome.trap else "")
    compare("output", run.output, output)
    compare("fuel", run.fuel_used, outcome.fuel)
    compare("trace", run.trace, outcome.trace[:64])
    if not outcome.trap:
        compare("status", run.status & 0xFF, outcome.status)
    if job.stress:
        compare("reachable after each collection", run.collections, list(outcome.collections))
    spaces = [(len(each) >> 16, zlib.adler32(each)) for each in machine.memories.bytes]
    compare("memories", run.memories, spaces)
    spaces = [
        (len(each), zlib.adler32(struct.pack(f"<{len(each)}I", *each))) for each in machine.tables.entries
    ]
    compare("tables", run.tables, spaces)
    width, height = job.verified.module.screen
    if width:
        pixels = machine.state(Screen).pixels or bytes(3 * width * height)
        compare("screen", run.screen, zlib.adler32(pixels))
    for index, code in enumerate(job.verified.module.globals):
        native, expected = run.globals.get(index, 0), machine.globals[index]
        if types.is_reference_code(code):
            compare(f"null of global {index}", native == 0, expected == 0)
        else:
            mask = (1 << (64 if code in (types.I64.code, types.F64.code) else 32)) - 1
            number = (lambda code, bits: bits) if canonical else _number
            compare(f"global {index}", number(code, native), number(code, expected & mask))
    return found


def disagreements(
    jobs: Sequence[Job],
    heap: str,
    targets: Sequence[str],
    *,
    canonical: bool = False,
    engines: Sequence[str] = ENGINES,
    **built: Any,
) -> Iterator[tuple[int, list[str]]]:
    """The jobs, by number, that do not run as they should: by the first engine on the first target as the
    reference says, which is asked once; by all on all targets as there, to the bit. built: as `compiled`
    takes it."""
    places = [(target, engine) for target in targets for engine in engines]
    harnesses = [compiled(heap, target=target, engine=engine, **built) for target, engine in places]
    runs = [harness.run(jobs) for harness in harnesses]
    for number, (job, first, *others) in enumerate(zip(jobs, *runs, strict=True)):
        found = differences(job, first, collector=harnesses[0].collector, canonical=canonical)
        wrong = [
            f"{engine} on {target}: {other}, where {places[0][1]} on {places[0][0]} gives {first}"
            for (target, engine), other in zip(places[1:], others, strict=True)
            if other != first
        ]
        if found or wrong:
            yield number, found + wrong


def _number(code: int, bits: int) -> object:
    """Bits, with all NaNs made one: arithmetic leaves their payload open."""
    if code == types.F32.code and (bits & 0x7FFFFFFF) > 0x7F800000:
        return "NaN"
    if code == types.F64.code and (bits & (1 << 63) - 1) > 0x7FF << 52:
        return "NaN"
    return bits


def hosted_executable(
    verified: Verified, folder: Path, *, sanitize: bool = False, coverage: bool = False, **options: int | str
) -> Path:
    """The executable that a build gives for *verified*, compiled by gcc or clang on top of a C library."""
    reg = registry()
    request = Request(
        features=("platform.hosted",),
        target="hosted",
        engine=ENGINE,
        options={name.replace("__", ".").replace("_", "-"): value for name, value in options.items()},
    )
    plan = resolve(find_need(verified, reg.isa), reg, request)
    sources = emit(compose(plan, verified, reg.isa))
    folder.mkdir(parents=True, exist_ok=True)
    executable = folder / "program"
    _system_compiler(sources, folder, executable, sanitize, coverage, COMPILERS.get(ENGINE, "gcc"))
    return executable
