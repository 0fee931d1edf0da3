"""The footprint report: where every byte went, and why each part is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from .emit import PROGRAM
from .measure import HEADERS, PADDING, Row
from .pipeline import Artifact
from .resolve import Plan

SCHEMA = 1
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
class Report:
    """A footprint report. name: of the program; artifact: what was built."""

    name: str
    artifact: Artifact

    def owners(self) -> list[str]:
        """Micro-libraries with bytes, largest first (memory of settled size does not count); then the
        program, then the file's own rows."""
        sizes: dict[str, int] = {}
        for row in self.artifact.footprint.rows:
            sizes[row.owner] = sizes.get(row.owner, 0) + (row.size if row.kind != "memory" else 0)
        own = (PROGRAM, HEADERS, PADDING)
        ordered = sorted((name for name in sizes if name not in own), key=lambda n: (-sizes[n], n))
        return [*ordered, *(name for name in own if name in sizes)]

    def rows(self, owner: str) -> list[Row]:
        found = [row for row in self.artifact.footprint.rows if row.owner == owner]
        return sorted(found, key=lambda row: (-row.size, row.item, row.kind))

    def size(self, owner: str, *kinds: str) -> int:
        return sum(row.size for row in self.rows(owner) if row.kind in kinds)

    def ops(self, owner: str) -> int:
        """How many of the program's opcodes are this library's."""
        handlers = self.artifact.composition.handlers
        return len({handler.label.rstrip("~") for handler in handlers if handler.library == owner})

    def ram(self) -> dict[str, int]:
        """Bytes of memory that the program needs beside its code and constants, by what for. Where the
        native stack has no bound, it is not in it."""
        footprint = self.artifact.footprint
        needs = {"static data": footprint.total("data", "bss")}
        needs |= {row.item: row.size for row in footprint.rows if row.kind == "memory"}
        if footprint.native_stack.bytes is not None:
            needs["native stack"] = footprint.native_stack.bytes
        return needs

    def verdicts(self) -> list[Verdict]:
        mode, footprint = self.artifact.plan.mode, self.artifact.footprint
        found: list[Verdict] = []
        if self.artifact.composition.loads:  # budgets are for the runtime of one program
            return found
        if mode.budget is not None:
            found.append(Verdict(f"mode {mode.name}, code", mode.budget, footprint.runtime))
        if mode.data_budget is not None:
            data = footprint.total("data", "bss", program=False)
            found.append(Verdict(f"mode {mode.name}, static data", mode.data_budget, data))
        return found


def as_data(report: Report) -> dict[str, object]:
    """The report as JSON values: raw integers, stable names."""
    artifact = report.artifact
    plan, footprint = artifact.plan, artifact.footprint
    return {
        "schema": SCHEMA,
        "program": report.name,
        "sha256": artifact.sha256,
        "target": plan.target.name,
        "engine": plan.engine.name,
        "mode": plan.mode.name,
        "bundle": list(plan.bundle),
        "cell_bits": plan.cell_bits,
        "file_bytes": footprint.file_size,
        "runtime_bytes": footprint.runtime,
        "totals": {kind: footprint.total(kind) for kind in KINDS},
        "code_bytes": footprint.total(*CODE_KINDS),
        "ram": report.ram(),
        "ram_bytes": sum(report.ram().values()),
        "native_stack": {"bytes": footprint.native_stack.bytes, "path": list(footprint.native_stack.path)},
        "options": [
            {"name": name, "value": value, "origin": plan.origins[name]}
            for name, value in plan.options.items()
        ],
        "libraries": [
            {
                "name": library.name,
                "doc": library.doc,
                "reasons": list(plan.reasons[library.name]),
                "opcodes": report.ops(library.name),
                **{kind: report.size(library.name, kind) for kind in KINDS},
            }
            for library in plan.libraries
        ],
        "rows": [
            {"owner": row.owner, "item": row.item, "kind": row.kind, "size": row.size, "opcode": row.opcode}
            for owner in report.owners()
            for row in report.rows(owner)
        ],
        "budgets": [
            {"what": each.what, "budget": each.budget, "measured": each.measured, "kept": each.kept}
            for each in report.verdicts()
        ],
    }


def show_json(report: Report) -> str:
    return json.dumps(as_data(report), indent=2, ensure_ascii=False) + "\n"


def show_text(report: Report) -> str:
    """A table of micro-libraries, for a terminal or a file. Columns sum to TOTAL."""
    return "\n".join(_text_lines(report, details=False)) + "\n"


def show_details(report: Report) -> str:
    """The same table with every opcode, function and table under its micro-library."""
    return "\n".join(_text_lines(report, details=True)) + "\n"


def _text_lines(report: Report, *, details: bool) -> Iterator[str]:
    artifact = report.artifact
    plan, footprint = artifact.plan, artifact.footprint
    yield f"{report.name}: {footprint.file_size:,} bytes for {plan.target.name}, engine {plan.engine.name}"
    yield ""
    table: list[tuple[str, ...]] = [("micro-library", *KINDS, "file", "ops", "why")]
    for owner in report.owners():
        sizes = [report.size(owner, kind) for kind in KINDS]
        in_file = sum(row.size for row in report.rows(owner) if row.in_file)
        ops = report.ops(owner)
        why = next(iter(plan.reasons.get(owner, ())), "")
        table.append((owner, *map(_number, sizes), _number(in_file), str(ops) if ops else "", why))
        if details:
            table += [_detail(row) for row in report.rows(owner)]
    totals = [footprint.total(kind) for kind in KINDS]
    ops = len({handler.label.rstrip("~") for handler in artifact.composition.handlers})
    table.append(("TOTAL", *map(_number, totals), _number(footprint.file_size), str(ops), ""))
    yield from _aligned(table)
    yield ""
    yield f"runtime without the program: {footprint.runtime:,} bytes of text and rodata"
    yield f"code and constants: {footprint.total(*CODE_KINDS):,} bytes"
    ram = report.ram()
    yield f"RAM: {sum(ram.values()):,} bytes: " + ", ".join(f"{what} {size:,}" for what, size in ram.items())
    native = footprint.native_stack
    if native.bytes is None:
        yield f"and a native stack without a bound: {' → '.join((*native.path, native.path[0]))}"
    elif details:
        yield f"native stack at its deepest: {' → '.join(native.path)}"
    for verdict in report.verdicts():
        mark = "within" if verdict.kept else "OVER"
        yield f"{verdict.what}: {verdict.measured:,} of {verdict.budget:,} bytes, {mark} budget"
    yield f"sha256 {artifact.sha256}"


def _number(value: int) -> str:
    return f"{value:,}" if value else "·"


def _detail(row: Row) -> tuple[str, ...]:
    sizes = (_number(row.size if row.kind == kind else 0) for kind in KINDS)
    in_file = row.size if row.in_file else 0
    return (f"  {row.item}", *sizes, _number(in_file), "op" if row.opcode else "", "")


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _aligned(table: list[tuple[str, ...]]) -> Iterator[str]:
    """The table as lines no wider than the terminal (COLUMNS elsewhere, 132 by default): reasons are cut,
    `--explain` and JSON have them whole."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]) - 1)]
    room = max(24, shutil.get_terminal_size((132, 24)).columns - sum(widths) - 2 * len(widths))
    table = [(*row[:-1], _short(row[-1], room)) for row in table]
    widths.append(max(len(row[-1]) for row in table))
    for number, row in enumerate(table):
        cells = [
            cell.ljust(width) if i in (0, len(row) - 1) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
        if number in (0, len(table) - 2):
            yield "─" * (sum(widths) + 2 * (len(widths) - 1))


def explain(plan: Plan) -> str:
    """Every micro-library and option of a plan with all reasons."""
    lines = [f"target {plan.target.name}, engine {plan.engine.name}, mode {plan.mode.name}: {plan.mode.doc}"]
    why = plan.need.wide or ("asked for" if plan.cell_bits == 64 else "the program has no 64-bit value")
    lines.append(f"cells of {plan.cell_bits} bits: {why}")
    for library in plan.libraries:
        fills = f" (fills {', '.join(library.provides)})" if library.provides else ""
        lines.append(f"\n{library.name}{fills}: {library.doc}")
        lines += [f"  because {reason}" for reason in plan.reasons[library.name]]
        for option in library.options:
            value, origin = plan.options[option.name], plan.origins[option.name]
            lines.append(f"  option {option.name} = {value} ({origin}): {option.doc}")
    lines += [f"\noption {name} has no effect: nothing in this runtime has it" for name in plan.unused]
    return "\n".join(lines) + "\n"
