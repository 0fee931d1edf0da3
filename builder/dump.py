"""`--dump`: the value of any stage that needs no compiler, for people to read."""

from __future__ import annotations

from ..core.module import Module
from ..core.registry import Registry, choose
from .compose import Composition, compose
from .emit import emit
from .need import Need
from .pipeline import plan
from .report import explain
from .resolve import Request

STAGES = ("need", "resolve", "compose", "emit")


def dump(stages: tuple[str, ...], module: Module, registry: Registry, request: Request) -> str:
    """The values of *stages*. Raises UsageError for an unknown stage."""
    for stage in stages:
        choose("stage", stage, STAGES)
    verified, needed, planned = plan(module, registry, request)
    composition = compose(planned, verified, registry.isa)
    parts = []
    for stage in stages:
        if stage == "need":
            text = show_need(needed)
        elif stage == "resolve":
            text = explain(planned)
        elif stage == "compose":
            text = show_composition(composition)
        else:
            sources = emit(composition)
            files = {**sources.headers, **{unit.name: unit.text for unit in sources.units}}
            text = "".join(f"// --- {name}\n{body}\n" for name, body in files.items())
        parts.append(f"== {stage}\n{text}")
    return "\n".join(parts)


def show_need(needed: Need) -> str:
    """Opcode forms with counts and first uses, then what follows from them."""
    lines = [
        f"{count:6} × {use.form.name:32} first in {place}"
        for use, (count, place) in sorted(
            needed.uses.items(), key=lambda item: (-item[1][0], item[0].form.name)
        )
    ]
    lines += [f"needs {each.name}: {each.because}" for each in needed.asked]
    lines.append("traps: " + (", ".join(trap.name for trap in needed.traps) or "none"))
    return "\n".join(lines) + "\n"


def show_composition(composition: Composition) -> str:
    """Handlers with the numbers that resolved code has for them, and the program's tables."""
    lines = []
    for handler in composition.handlers:
        forms = ", ".join(sorted({use.form.name for use in handler.uses}))
        lines.append(f"{handler.number:3}  {handler.library:18} {forms}")
    lines += [f"table {table.name}: {table.ctype}, {len(table.data)} bytes" for table in composition.tables]
    return "\n".join(lines) + "\n"
