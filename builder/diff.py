"""diff: what changed from one footprint report to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..core.errors import UsageError
from ..core.quantities import read_value
from .report import ESTIMATE, KINDS, Report
from .report_text import aligned

SAME, NEW, REMOVED, GREW, SHRANK = "", "NEW", "REMOVED", "▲", "▼"


@dataclass(frozen=True, slots=True)
class Change:
    """Bytes of one thing before and after; None where it is not there. owner: the micro-library; item: what
    of it, "" for all; kind: as in reports, or "file" for bytes in the file."""

    owner: str
    item: str
    kind: str
    before: int | None
    after: int | None

    @property
    def by(self) -> int:
        return (self.after or 0) - (self.before or 0)

    @property
    def mark(self) -> str:
        if self.before is None or self.after is None:
            return NEW if self.before is None else REMOVED
        return GREW if self.by > 0 else SHRANK if self.by < 0 else SAME


Sizes = dict[tuple[str, str, str], int]


def _libraries(report: Report) -> Sizes:
    found: Sizes = {}
    for row in report.rows:
        if row.in_file:
            key = (row.owner, "", "file")
            found[key] = found.get(key, 0) + row.size
    return found


def _items(report: Report) -> Sizes:
    found: Sizes = {}
    for row in report.rows:
        key = (row.owner, row.item, row.kind)
        found[key] = found.get(key, 0) + row.size
    return found


def _changes(before: Sizes, after: Sizes) -> tuple[Change, ...]:
    every = (Change(*key, before.get(key), after.get(key)) for key in dict.fromkeys((*before, *after)))
    return tuple(sorted((c for c in every if c.mark), key=lambda c: (-abs(c.by), c.owner, c.item, c.kind)))


def changed_libraries(before: Report, after: Report) -> tuple[Change, ...]:
    """Micro-libraries whose bytes in the file changed, the largest change first."""
    return _changes(_libraries(before), _libraries(after))


def changed_items(before: Report, after: Report) -> tuple[Change, ...]:
    """Functions, tables, opcodes and memory that changed, the largest change first."""
    return _changes(_items(before), _items(after))


def totals(before: Report, after: Report) -> tuple[Change, ...]:
    """The file, each kind of bytes, and the RAM, whether they changed or not."""
    rows = [("file", before.file_bytes, after.file_bytes)]
    rows.append(("runtime", before.runtime_bytes, after.runtime_bytes))
    rows += [(kind, before.total(kind), after.total(kind)) for kind in KINDS]
    rows.append(("RAM", sum(before.ram().values()), sum(after.ram().values())))
    return tuple(Change("", name, "", old, new) for name, old, new in rows)


def changed_settings(before: Report, after: Report) -> Iterator[str]:
    """What else differs: lines for people."""
    for name in ("target", "engine", "mode", "cell_bits"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield f"{name.replace('_', ' ')}: {old} → {new}"
    old_values = {each.name: each.value for each in before.settings}
    new_values = {each.name: each.value for each in after.settings}
    for name in sorted(old_values.keys() | new_values.keys()):
        was, now = old_values.get(name, "not there"), new_values.get(name, "not there")
        if was != now:
            yield f"option {name}: {was} → {now}"


def growth(text: str, size: int) -> int:
    """Bytes by which a file of *size* may grow: a size, or a percentage of it. Raises UsageError."""
    if not text.endswith("%"):
        return int(read_value(text, "size"))
    # In thousandths, so that 2.5% are exact.
    return size * int(read_value(text[:-1].strip() + "e3", "number")) // 100_000


def linked(report: Report, name: str) -> Report:
    """*report*, of the file *name*, if growth can be told from it. Raises UsageError."""
    if report.estimate:
        raise UsageError(f"{name} is an estimate, of a program that was not linked: growth is told of files")
    return report


def as_data(before: Report, after: Report) -> dict[str, object]:
    """The differences as JSON values; null for what is not there."""

    def side(report: Report) -> dict[str, object]:
        return {"program": report.program, "sha256": report.sha256, "estimate": report.estimate}

    def row(change: Change) -> dict[str, object]:
        return {
            "owner": change.owner,
            "item": change.item,
            "kind": change.kind,
            "before": change.before,
            "after": change.after,
            "by": change.by,
        }

    return {
        "schema": 1,
        "before": side(before),
        "after": side(after),
        "totals": {c.item: {"before": c.before, "after": c.after, "by": c.by} for c in totals(before, after)},
        "libraries": [row(change) for change in changed_libraries(before, after)],
        "rows": [row(change) for change in changed_items(before, after)],
        "settings": list(changed_settings(before, after)),
    }


def show(before: Report, after: Report, *, details: bool) -> str:
    """The differences as a table; details: with every function, table and opcode."""
    lines = [f"{before.program} → {after.program}", ""]
    changes = changed_libraries(before, after)
    lines += [f"{each.program}: {ESTIMATE}" for each in (before, after) if each.estimate]
    if before.sha256 == after.sha256 and not before.estimate:
        lines.append("the same bytes")
    table: list[tuple[str, ...]] = [("", "before", "after", "by", "", "what")]
    items = changed_items(before, after) if details else ()
    for change in changes:
        table.append(_row(change, change.owner))
        table += [
            _row(each, f"  {each.item} ({each.kind})" if each.kind else f"  {each.item}")
            for each in items
            if each.owner == change.owner
        ]
    sums = [each for each in totals(before, after) if each.by or each.item == "file"]
    table += [_row(each, each.item) for each in sums]
    lines += aligned(table, len(sums))
    return "\n".join([*lines, *changed_settings(before, after), ""])


def _row(change: Change, what: str) -> tuple[str, ...]:
    sizes = ("·" if size is None else f"{size:,}" for size in (change.before, change.after))
    percent = f"{100 * change.by / change.before:+.1f} %" if change.before and change.by else ""
    return (change.mark, *sizes, f"{change.by:+,}" if change.by else "0", percent, what)
