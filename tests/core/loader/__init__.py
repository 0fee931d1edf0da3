"""The loader and the verifier in C, asked about modules: beside the ones in Python, which are the oracle.

driver = built()
[answer] = driver.answers([file])
assert answer == expected(file, driver)
"""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tblvm.builder.compose import Composition, compose, natives, numbers, tables
from tblvm.builder.emit import emit
from tblvm.builder.general import general, sample
from tblvm.builder.resolve import Request
from tblvm.core import tbc
from tblvm.core.errors import ModuleError
from tblvm.core.hierarchy import layouts
from tblvm.core.module import ClassType, Module, TypeEntry
from tblvm.core.program import instructions, link
from tblvm.core.registry import Registry
from tblvm.core.verified import Verified
from tblvm.memory.linear_tables import MEMORIES, SEGMENTS
from tblvm.opcodes import types
from tblvm.stack import verify
from tblvm.stack.tables import TABLES
from tests.harness import registry, system_compiled

HERE = Path(__file__).parent
OUTSIDE = HERE.parents[1] / "outside"
# Pages without a prefix of their own are there too.
PLUGINS = (HERE, OUTSIDE / "gcd", OUTSIDE / "gcd_op.py")
FEATURES = ("test-driver", "test-exports", "gc.marksweep", "platform.hosted")


@dataclass(frozen=True)
class Answer:
    """What is found out about a file. status: 0 when it is a valid module; function, offset: of what is
    wrong, "" and -1 for nothing in particular. maps: for each function (offset behind the safepoint,
    slots); tables: by name."""

    status: int
    function: str = ""
    offset: int = -1
    maps: tuple[tuple[tuple[int, tuple[int, ...]], ...], ...] = ()
    tables: tuple[tuple[str, bytes], ...] = ()

    def __str__(self) -> str:
        return f"status {self.status}, function {self.function!r}, offset {self.offset}"


@dataclass(frozen=True)
class Expected:
    """What Python finds out. sizes: of the tables in C, in order; virtuals: for each type how many virtual
    methods it has."""

    answer: Answer
    message: str
    sizes: tuple[int, ...]
    virtuals: tuple[int, ...] = ()


@dataclass
class Driver:
    reg: Registry
    composition: Composition
    executable: Path

    def answers(self, files: Sequence[bytes], wanted: Sequence[Expected]) -> list[tuple[Answer, str]]:
        """What C says of *files*, with its messages."""
        stdin = bytearray()
        for file, expected in zip(files, wanted, strict=True):
            stdin += (
                struct.pack("<I", len(file)) + file + struct.pack(f"<{len(expected.sizes)}I", *expected.sizes)
            )
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
        done = subprocess.run(
            [self.executable],
            input=bytes(stdin),
            capture_output=True,
            check=False,
            timeout=1000,
            env=environment,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-6000:]
        reader = _Reader(done.stdout)
        found = [self._answer(reader, expected) for expected in wanted]
        assert reader.at == len(done.stdout)
        return found

    def _answer(self, reader: _Reader, expected: Expected) -> tuple[Answer, str]:
        status = reader.word()
        if status:
            index = reader.word()
            offset = struct.unpack("<q", reader.bytes(8))[0]
            name = reader.bytes(reader.word()).decode()
            message = reader.bytes(reader.word()).decode()
            known = "" if index == 0xFFFFFFFF else name or f"f{index}"
            # Which instruction needs what was left out, Python does not say.
            return (Answer(status) if status in (4, 6) else Answer(status, known, offset)), message
        words = list(struct.unpack(f"<{(size := reader.word()) // 4}I", reader.bytes(size)))
        maps: list[tuple[tuple[int, tuple[int, ...]], ...]] = []
        at, mine = 0, list[tuple[int, tuple[int, ...]]]()
        while at < len(words):
            if words[at] == 0:
                maps.append(tuple(mine))
                mine, at = [], at + 1
                continue
            count = words[at + 1]
            mine.append((words[at], tuple(words[at + 2 : at + 2 + count])))
            at += 2 + count
        assert not mine
        names = [table.name for table in self.composition.tables]
        found = {name: reader.bytes(size) for name, size in zip(names, expected.sizes, strict=True)}
        return Answer(0, maps=tuple(maps), tables=tuple(_comparable(found, expected.virtuals).items())), ""

    def expected(self, file: bytes) -> Expected:
        """What Python says of *file*."""
        names = [table.name for table in self.composition.tables]
        try:
            verified = verify(tbc.read(file), self.reg.isa)
        except ModuleError as error:
            return Expected(Answer(5, error.function, error.offset), error.message, (0,) * len(names))
        known = numbers(self.composition.handlers)
        if any(each.use not in known for each in instructions(verified, self.reg.isa)):
            return Expected(Answer(4), "a form that the runtime does not have", (0,) * len(names))
        if asks_for_more(verified.module, self.composition.plan.options):
            return Expected(Answer(6), "more than the runtime has", (0,) * len(names))
        plan = self.composition.plan
        program = link(verified, self.reg.isa, known, plan.cell_bits)
        called = natives(plan, verified)
        found = {table.name: table.data for table in tables(plan, replace(program, natives=called))}
        found["natives"] = struct.pack(f"<{len(called)}I", *called)  # that of an executable is never empty
        maps = tuple(self._maps(verified, index) for index in range(len(verified.functions)))
        sizes = {name: len(found[name]) for name in names} | _other_sizes(verified.module)
        virtuals = tuple(len(_virtuals(each)) for each in verified.module.types)
        tables_ = _comparable({name: found[name] for name in names}, virtuals)
        answer = Answer(0, maps=maps, tables=tuple(tables_.items()))
        return Expected(answer, "", tuple(sizes.values()), virtuals)

    @staticmethod
    def _maps(verified: Verified, index: int) -> tuple[tuple[int, tuple[int, ...]], ...]:
        checked = verified.functions[index]
        ends = dict(
            zip(
                checked.offsets,
                [*checked.offsets[1:], len(verified.module.functions[index].code)],
                strict=True,
            )
        )
        return tuple((ends[offset], checked.maps[offset]) for offset in sorted(checked.maps))


def _virtuals(entry: TypeEntry) -> tuple[int, ...]:
    return entry.virtuals if isinstance(entry, ClassType) else ()


def _other_sizes(module: Module) -> dict[str, int]:
    """Of the tables whose rows C shares otherwise. gc_offsets: only by classes that add no reference to their
    superclass's; virtuals: it is section classes."""
    rows, words = 8, 0
    for entry, layout in zip(module.types, layouts(module.types), strict=True):
        if not isinstance(entry, ClassType):
            continue
        if any(map(types.is_reference_code, entry.fields)):
            rows += 4 + 4 * len(layout.references)
        if entry.superclass or entry.virtuals or entry.interfaces:
            words += 4 + len(entry.virtuals) + sum(2 + len(each.slots) for each in entry.interfaces)
    return {"gc_offsets": rows, "virtuals": 4 * words}


def _comparable(found: dict[str, bytes], virtuals: tuple[int, ...]) -> dict[str, bytes]:
    """The tables, with the references and the methods of each type in place of where they stand in a table."""
    kinds = _words(found["gc_types"])
    rows = _words(found["gc_offsets"])
    listed = []
    for kind in kinds:
        count = rows[kind] if kind > 1 else 0
        listed.append(sorted(rows[kind + 1 : kind + 1 + count]) if kind > 1 else [kind])
    functions, starts = _words(found["virtuals"]), _words(found["virtual_rows"])
    methods = [functions[at : at + count] for at, count in zip(starts, virtuals, strict=False)]
    assert [len(each) for each in methods] == list(virtuals)
    told = {"gc_types": repr(listed).encode(), "virtual_rows": repr(methods).encode()}
    return {**found, **told, "gc_offsets": b"", "virtuals": b""}


def _words(table: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(table) // 4}I", table)


def asks_for_more(module: Module, options: Mapping[str, int]) -> bool:
    """Whether a module starts with more memories, tables or segments than a runtime has."""
    pages, elements = (sum(each.minimum for each in spaces) for spaces in (module.memories, module.tables))
    counts = (len(module.memories) > MEMORIES, len(module.tables) > TABLES)
    segments = max(len(module.data), len(module.elements)) > SEGMENTS
    return pages > options["linear"] >> 16 or elements > options["tables"] or any(counts) or segments


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def bytes(self, count: int) -> bytes:
        assert self.at + count <= len(self.data), "the driver's answers end too early"
        self.at += count
        return self.data[self.at - count : self.at]

    def word(self) -> int:
        return int.from_bytes(self.bytes(4), "little")


@cache
def built(plugins: tuple[Path, ...] = PLUGINS, *, coverage: bool = False) -> Driver:
    """The driver, compiled by gcc under AddressSanitizer and UndefinedBehaviorSanitizer, or to count lines."""
    reg = registry(plugins)
    every_page = tuple(reg.isa.pages)
    # HOST is what a runtime can lack.
    request = Request(features=(*FEATURES, *every_page), target="hosted", deny=("host.standalone",))
    plan = general(reg, request)
    composition = compose(plan, sample(reg), reg.isa, loaded=True)
    executable = system_compiled(emit(composition), "driver", sanitize=not coverage, coverage=coverage)
    return Driver(reg, composition, executable)
