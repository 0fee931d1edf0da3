"""why: the reasons for which something is in a runtime."""

from __future__ import annotations

from collections.abc import Iterator

from ..core.parts import MicroLibrary
from ..core.registry import Registry, choose
from .report import Report
from .resolve import Plan, matches


def why(name: str, plan: Plan, registry: Registry, report: Report | None = None) -> str:
    """Everything that brought *name* in: a micro-library, a group, an interface or an opcode; with the bytes
    that *report* says it takes. Raises UsageError for a name that nothing has."""
    libraries = [each for each in registry.libraries.values() if matches(name, each)]
    labels = {declaration.label for opcode in registry.isa for declaration in opcode.declarations}
    if not libraries and name not in labels:
        known = {*registry.libraries, *registry.interfaces, *labels}
        known |= {each.partition(".")[0] for each in registry.libraries}
        choose("micro-library, interface or opcode", name, known)
    lines = [
        line for library in libraries if library in plan.libraries for line in _library(library, plan, report)
    ]
    if name in labels:
        lines += _opcode(name, plan, report)
    return "\n".join(lines or [f"{name} is not in it: nothing needs it"]) + "\n"


def _library(library: MicroLibrary, plan: Plan, report: Report | None) -> Iterator[str]:
    yield f"{library.name}: {library.doc}"
    if report is not None:
        size = sum(row.size for row in report.rows if row.owner == library.name and row.in_file)
        yield f"  {'about ' * report.estimate}{size:,} bytes in the file"
    yield from (f"  because {reason}" for reason in plan.reasons[library.name])


def _opcode(label: str, plan: Plan, report: Report | None) -> Iterator[str]:
    found = [(use, *rest) for use, rest in plan.need.uses.items() if use.form.declaration.label == label]
    if not found:
        return
    yield f"{label}: {sum(count for _, count, _ in found)} instructions"
    if report is not None:
        sizes = [row.size for row in report.rows if row.opcode and row.item.rstrip("~") == label]
        if sizes:
            yield f"  {sum(sizes):,} bytes of the engine"
        else:
            yield "  no bytes of its own: another opcode's handler does it"
    for use, count, place in sorted(found, key=lambda each: each[0].form.name):
        yield f"  {count} × {use.form.name}" + (f", first in {place}" if place else "")
