"""Reports as tables, for a terminal or a file; and plans with all their reasons."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .report import CODE_KINDS, ESTIMATE, KINDS, Report
from .rows import Passed, Row

if TYPE_CHECKING:
    from .resolve import Plan


def show_text(report: Report) -> str:
    """A table of micro-libraries, for a terminal or a file. Columns sum to TOTAL."""
    return "\n".join(_text_lines(report, details=False)) + "\n"


def show_details(report: Report) -> str:
    """The same table with every opcode, function and table under its micro-library."""
    return "\n".join(_text_lines(report, details=True)) + "\n"


def _text_lines(report: Report, *, details: bool) -> Iterator[str]:
    yield f"{report.program}: {report.size_text} for {report.target}, engine {report.engine}"
    if report.estimate:
        yield ESTIMATE
    yield ""
    parts = {part.name: part for part in report.parts}
    table: list[tuple[str, ...]] = [("micro-library", *KINDS, "file", "retained", "ops", "why")]
    for owner in report.owners():
        sizes = [report.size(owner, kind) for kind in KINDS]
        in_file = sum(row.size for row in report.of_owner(owner) if row.in_file)
        part = parts.get(owner)
        ops = part.opcodes if part else 0
        why = part.reasons[0] if part and part.reasons else ""
        retained = _number(part.retained) if part else ""
        table.append((owner, *map(_number, sizes), _number(in_file), retained, str(ops) if ops else "", why))
        if details:
            table += [_detail(row) for row in report.of_owner(owner)]
    totals = [report.total(kind) for kind in KINDS]
    table.append(("TOTAL", *map(_number, totals), _number(report.file_bytes), "", str(report.opcodes), ""))
    yield from aligned(table)
    yield ""
    size, what = report.runtime_size
    yield f"runtime without the program: {size:,} bytes of {what}"
    if report.total(*CODE_KINDS):
        yield f"code and constants: {report.total(*CODE_KINDS):,} bytes"
    ram = report.ram()
    yield f"RAM: {sum(ram.values()):,} bytes: " + ", ".join(f"{what} {size:,}" for what, size in ram.items())
    native = report.native_stack
    if native.bytes is None and not native.path:
        yield "and a native stack that is not known here"
    elif native.bytes is None:
        yield f"and a native stack without a bound: {' → '.join((*native.path, native.path[0]))}"
    elif details:
        yield f"native stack at its deepest: {' → '.join(native.path)}"
    for verdict in report.budgets:
        mark = "within" if verdict.kept else "OVER"
        yield f"{verdict.what}: {verdict.measured:,} of {verdict.budget:,} bytes, {mark} budget"
    yield from (f"hint: {hint}" for hint in report.hints)
    yield from map(told, report.passes)
    if not report.estimate:
        yield f"sha256 {report.sha256}"


def told(step: Passed) -> str:
    """What an optimiser pass changed, in a line."""
    changed = f"code of {step.before:,} → {step.after:,} bytes" if step.before != step.after else ""
    if step.functions:
        some = "1 function" if abs(step.functions) == 1 else f"{abs(step.functions)} functions"
        changed += f"{', ' * bool(changed)}{some} {'fewer' if step.functions > 0 else 'more'}"
    return f"pass {step.name}: {changed or 'nothing to change in the code'}"


def _number(value: int) -> str:
    return f"{value:,}" if value else "·"


def _detail(row: Row) -> tuple[str, ...]:
    sizes = (_number(row.size if row.kind == kind else 0) for kind in KINDS)
    in_file = row.size if row.in_file else 0
    return (f"  {row.item}", *sizes, _number(in_file), "", "op" if row.opcode else "", "")


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def aligned(table: list[tuple[str, ...]], totals: int = 1) -> Iterator[str]:
    """The table as lines no wider than the terminal (COLUMNS elsewhere, 132 by default): the last column is
    cut. Below the first row and above the last ones, the *totals*, stands a rule."""
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
        if number in (0, len(table) - 1 - totals):
            yield "─" * (sum(widths) + 2 * (len(widths) - 1))


def explain(plan: Plan) -> str:
    """Every micro-library and option of a plan with all reasons."""
    lines = [f"target {plan.target.name}, engine {plan.engine.name}, mode {plan.mode.name}: {plan.mode.doc}"]
    for name in ("target", "engine", "mode", "features", "only", "deny"):
        origin = plan.request.origins.get(name, "default")
        if origin != "default":
            value = getattr(plan.request, name)
            lines.append(f"{name} {value if isinstance(value, str) else ','.join(value)}: from {origin}")
    why = plan.need.wide or ("asked for" if plan.cell_bits == 64 else "the program has no 64-bit value")
    lines.append(f"cells of {plan.cell_bits} bits: {why}")
    lines += map(told, plan.passed)
    for library in plan.libraries:
        fills = f" (fills {', '.join(library.provides)})" if library.provides else ""
        lines.append(f"\n{library.name}{fills}: {library.doc}")
        lines += [f"  because {reason}" for reason in plan.reasons[library.name]]
        for option in library.options:
            value, origin = plan.options[option.name], plan.origins[option.name]
            lines.append(f"  option {option.name} = {value} ({origin}): {option.doc}")
    lines += [f"\noption {name} has no effect: nothing in this runtime has it" for name in plan.unused]
    return "\n".join(lines) + "\n"
