"""The footprint report: where every byte went, and why each part is there.

A report is a value of its own: it is made of an artifact, or read again from the JSON that was made of it.
How it is shown is the business of report formats.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from ..core.printable import printable
from .rows import HEADERS, PADDING, PROGRAM, NativeStack, Passed, Row, total

if TYPE_CHECKING:
    from .pipeline import Artifact
    from .resolve import Plan

SCHEMA = 1
ESTIMATE = "ESTIMATE, not linked: sections that the start leads to, without headers and padding"
KINDS = ("text", "rodata", "data", "bss", "memory")
# What a device has in flash: code, constants, and the first values of data.
CODE_KINDS = ("text", "rodata", "data")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A budget and what was measured against it."""

    what: str
    budget: int
    measured: int

    @property
    def kept(self) -> bool:
        return self.measured <= self.budget


@dataclass(frozen=True, slots=True)
class Part:
    """A micro-library of the plan. reasons: each a chain from the program to it; opcodes: how many of the
    program's opcodes are its; retained: bytes in the file that would go with it: its own, and those of
    micro-libraries that only it brings in."""

    name: str
    doc: str
    reasons: tuple[str, ...]
    opcodes: int
    retained: int


@dataclass(frozen=True, slots=True)
class Setting:
    """An option with its value and where that comes from."""

    name: str
    value: int | str
    origin: str


@dataclass(frozen=True, slots=True)
class Report:
    """A footprint report. program: its file's name; bundle: names of the programs that it can run; rows sum
    to file_bytes, those that are not in the file left out; opcodes: how many there are; budgets: what the
    mode asks for; hints: what costs most, and where the program asks for it; traps: what can stop the
    program, number 1 first; passes: what optimiser passes did. estimate: linking failed, there is no file:
    rows are what would have been linked, without headers and padding; sha256 is "" and nothing is judged by
    budgets."""

    program: str
    sha256: str
    target: str
    engine: str
    mode: str
    bundle: tuple[str, ...]
    cell_bits: int
    file_bytes: int
    opcodes: int
    native_stack: NativeStack
    settings: tuple[Setting, ...]
    parts: tuple[Part, ...]
    rows: tuple[Row, ...]
    budgets: tuple[Verdict, ...]
    hints: tuple[str, ...]
    traps: tuple[str, ...]
    passes: tuple[Passed, ...] = ()
    estimate: bool = False

    @property
    def size_text(self) -> str:
        """The size of the file, for a heading."""
        return f"about {self.file_bytes:,} bytes" if self.estimate else f"{self.file_bytes:,} bytes"

    def total(self, *kinds: str, program: bool | None = None) -> int:
        """Bytes of these kinds; program: only the program's, or only the runtime's."""
        return total(self.rows, *kinds, program=program)

    @property
    def runtime_bytes(self) -> int:
        """Bytes of text and rodata of the runtime, without the program."""
        return self.total("text", "rodata", program=False)

    @property
    def runtime_size(self) -> tuple[int, str]:
        """Bytes of the runtime without the program, and of what: machine code, or C that is yet to be."""
        source = self.total("source", program=False)
        return (source, "C") if source else (self.runtime_bytes, "text and rodata")

    def owners(self) -> list[str]:
        """Micro-libraries with bytes, largest first (memory of settled size does not count); then the
        program, then the file's own rows."""
        sizes: dict[str, int] = {}
        for row in self.rows:
            sizes[row.owner] = sizes.get(row.owner, 0) + (row.size if row.kind != "memory" else 0)
        own = (PROGRAM, HEADERS, PADDING)
        ordered = sorted((name for name in sizes if name not in own), key=lambda n: (-sizes[n], n))
        return [*ordered, *(name for name in own if name in sizes)]

    def of_owner(self, owner: str) -> list[Row]:
        found = [row for row in self.rows if row.owner == owner]
        return sorted(found, key=lambda row: (-row.size, row.item, row.kind))

    def size(self, owner: str, *kinds: str) -> int:
        return sum(row.size for row in self.of_owner(owner) if row.kind in kinds)

    def ram(self) -> dict[str, int]:
        """Bytes of memory that the program needs beside its code and constants, by what for. Where the
        native stack has no bound, it is not in it."""
        needs = {"static data": self.total("data", "bss")}
        needs |= {row.item: row.size for row in self.rows if row.kind == "memory"}
        if self.native_stack.bytes is not None:
            needs["native stack"] = self.native_stack.bytes
        return needs


# What a hint is worth: so many bytes, and so much of the runtime.
_HINT_BYTES, _HINT_SHARE, _HINTS = 200, 0.1, 3


def _hints(artifact: Artifact) -> tuple[str, ...]:
    """The dearest services that the program uses: what is only there for one of them, and its first line."""
    from ..opcodes import Service

    footprint = artifact.footprint
    least = max(_HINT_BYTES, _HINT_SHARE * footprint.runtime)
    found: dict[str, tuple[int, str]] = {}
    for use, (_, place) in artifact.need.uses.items():
        for service in (node.attribute for node in use.form.graph.nodes):
            cost = footprint.costs.get(service.c, 0) if isinstance(service, Service) else 0
            if isinstance(service, Service) and place is not None and cost >= least:
                what = f"{use.form.declaration.label} ({service.name}) costs {cost:,} bytes: first in {place}"
                found.setdefault(service.c, (cost, what))
    return tuple(text for _, text in sorted(found.values(), key=lambda each: (-each[0], each[1]))[:_HINTS])


def report_of(name: str, artifact: Artifact) -> Report:
    """The report on *artifact*; name: of the program."""
    plan, footprint = artifact.plan, artifact.footprint
    labels: dict[str, set[str]] = {}
    for handler in artifact.composition.handlers:
        labels.setdefault(handler.library, set()).add(handler.label.rstrip("~"))
    sizes: dict[str, int] = {}
    for row in footprint.rows:
        sizes[row.owner] = sizes.get(row.owner, 0) + (row.size if row.in_file else 0)
    return Report(
        program=name,
        sha256="" if footprint.estimate else artifact.sha256,
        target=plan.target.name,
        engine=plan.engine.name,
        mode=plan.mode.name,
        bundle=tuple(plan.bundle),
        cell_bits=plan.cell_bits,
        file_bytes=footprint.file_size,
        opcodes=len(set().union(*labels.values())),
        native_stack=footprint.native_stack,
        settings=tuple(Setting(each, value, plan.origins[each]) for each, value in plan.options.items()),
        parts=tuple(
            Part(
                each.name,
                each.doc,
                plan.reasons[each.name],
                len(labels.get(each.name, ())),
                sum(sizes.get(gone, 0) for gone in gone_without(each.name, plan)),
            )
            for each in plan.libraries
        ),
        rows=footprint.rows,
        budgets=() if footprint.estimate else tuple(_verdicts(artifact)),
        hints=_hints(artifact),
        traps=tuple(trap.message for trap in plan.traps),
        passes=plan.passed,
        estimate=footprint.estimate,
    )


def gone_without(name: str, plan: Plan) -> set[str]:
    """The micro-libraries that would not be there without *name*: itself, and those that nothing else
    brings in."""
    there: set[str] = set()
    while True:
        more = {
            each
            for each, askers in plan.askers.items()
            if each != name and each not in there and any(asker <= there for asker in askers)
        }
        if not more:
            return set(plan.askers) - there
        there |= more


def _verdicts(artifact: Artifact) -> Iterable[Verdict]:
    mode, footprint = artifact.plan.mode, artifact.footprint
    # Budgets are for the runtime of one program, as machine code.
    if artifact.composition.loads or artifact.plan.target.format == "c":
        return
    if mode.budget is not None:
        yield Verdict(f"mode {mode.name}, code", mode.budget, footprint.runtime)
    if mode.data_budget is not None:
        data = footprint.total("data", "bss", program=False)
        yield Verdict(f"mode {mode.name}, static data", mode.data_budget, data)


# --- as JSON ------------------------------------------------------------------------------------------


def as_data(report: Report) -> dict[str, object]:
    """The report as JSON values: raw integers, stable names (docs/report.schema.json)."""
    return {
        "schema": SCHEMA,
        "estimate": report.estimate,
        "program": report.program,
        "sha256": report.sha256,
        "target": report.target,
        "engine": report.engine,
        "mode": report.mode,
        "bundle": list(report.bundle),
        "cell_bits": report.cell_bits,
        "file_bytes": report.file_bytes,
        "runtime_bytes": report.runtime_bytes,
        "opcodes": report.opcodes,
        "totals": {kind: report.total(kind) for kind in KINDS},
        "code_bytes": report.total(*CODE_KINDS),
        "ram": report.ram(),
        "ram_bytes": sum(report.ram().values()),
        "native_stack": {"bytes": report.native_stack.bytes, "path": list(report.native_stack.path)},
        "options": [
            {"name": each.name, "value": each.value, "origin": each.origin} for each in report.settings
        ],
        "libraries": [
            {
                "name": each.name,
                "doc": each.doc,
                "reasons": list(each.reasons),
                "opcodes": each.opcodes,
                "retained": each.retained,
                **{kind: report.size(each.name, kind) for kind in KINDS},
            }
            for each in report.parts
        ],
        "rows": [
            {"owner": row.owner, "item": row.item, "kind": row.kind, "size": row.size, "opcode": row.opcode}
            for owner in report.owners()
            for row in report.of_owner(owner)
        ],
        "budgets": [
            {"what": each.what, "budget": each.budget, "measured": each.measured, "kept": each.kept}
            for each in report.budgets
        ],
        "hints": list(report.hints),
        "traps": list(report.traps),
        "passes": [
            {"name": each.name, "before": each.before, "after": each.after, "functions": each.functions}
            for each in report.passes
        ],
    }


def to_json(report: Report) -> str:
    return json.dumps(as_data(report), indent=2, ensure_ascii=False) + "\n"


def from_json(content: str | bytes, name: str) -> Report:
    """The report that *content*, the file *name*, holds. Raises UsageError when it is none."""
    try:
        data = json.loads(content)
        if data["schema"] != SCHEMA:
            raise UsageError(
                f"{name} is a report of schema {data['schema']!r}, this tblvm reads {SCHEMA}: make it again"
            )
        return _read(data)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            f"{name} is no footprint report in JSON: make one with `tbbuild --json PROGRAM > {name}`"
        ) from None


def _read(data: dict[str, Any]) -> Report:
    native = data["native_stack"]
    return Report(
        program=_text(data["program"]),
        sha256=_text(data["sha256"]),
        target=_text(data["target"]),
        engine=_text(data["engine"]),
        mode=_text(data["mode"]),
        cell_bits=_number(data["cell_bits"]),
        file_bytes=_number(data["file_bytes"]),
        opcodes=_number(data["opcodes"]),
        bundle=_texts(data["bundle"]),
        native_stack=NativeStack(
            None if native["bytes"] is None else _number(native["bytes"]), _texts(native["path"])
        ),
        settings=tuple(
            Setting(_text(each["name"]), _value(each["value"]), _text(each["origin"]))
            for each in data["options"]
        ),
        parts=tuple(
            Part(
                name=_text(each["name"]),
                doc=_text(each["doc"]),
                reasons=_texts(each["reasons"]),
                opcodes=_number(each["opcodes"]),
                retained=_number(each["retained"]),
            )
            for each in data["libraries"]
        ),
        rows=tuple(
            Row(
                owner=_text(each["owner"]),
                item=_text(each["item"]),
                kind=_text(each["kind"]),
                size=_number(each["size"]),
                opcode=each["opcode"] is True,
            )
            for each in data["rows"]
        ),
        budgets=tuple(
            Verdict(_text(each["what"]), _number(each["budget"]), _number(each["measured"]))
            for each in data["budgets"]
        ),
        hints=_texts(data["hints"]),
        traps=_texts(data["traps"]),
        passes=tuple(
            Passed(
                _text(each["name"]), _number(each["before"]), _number(each["after"]), int(each["functions"])
            )
            for each in data.get("passes", ())
        ),
        estimate=data["estimate"] is True,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return printable(value).decode()  # the file may be anybody's


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("no list")
    return tuple(map(_text, value))


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("no size")
    return value


def _value(value: object) -> int | str:
    return _number(value) if isinstance(value, int) else _text(value)
