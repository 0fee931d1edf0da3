"""`--dump`: the value that each stage gives, for people to read."""

from __future__ import annotations

from collections.abc import Callable

from ..core.module import Module
from ..core.registry import Registry, choose
from ..core.verified import Verified
from ..stack import verify
from .compile import Linked
from .compose import Composition, compose
from .emit import Sources, emit
from .measure import Footprint
from .need import Need
from .pipeline import build, plan
from .report_text import explain, told
from .resolve import Plan, Request

# In the order of the pipeline; those from `compile` on run the compiler.
STAGES = ("verify", "optimise", "need", "resolve", "compose", "emit", "compile", "measure")


def dump(stages: tuple[str, ...], module: Module | None, registry: Registry, request: Request) -> str:
    """The values of *stages*. Raises UsageError for an unknown stage, and what the stages raise."""
    for stage in stages:
        choose("stage", stage, STAGES)
    verified, needed, planned = plan(module, registry, request)
    show: dict[str, Callable[[], str]] = {
        "verify": lambda: show_verified(verify(module, registry.isa) if module else verified),
        "optimise": lambda: show_optimised(planned, verified),
        "need": lambda: show_need(needed),
        "resolve": lambda: explain(planned),
        "compose": lambda: show_composition(compose(planned, verified, registry.isa)),
        "emit": lambda: show_sources(emit(compose(planned, verified, registry.isa))),
    }
    if not set(stages) <= set(show):
        made = build(module, registry, request)
        show["compile"] = lambda: show_linked(made.linked)
        show["measure"] = lambda: show_footprint(made.footprint)
    return "\n".join(f"== {stage}\n{show[stage]()}" for stage in stages)


def show_verified(verified: Verified) -> str:
    """Each function's operand stack, and its safepoints with the operand slots that hold references."""
    lines = []
    for index, checked in enumerate(verified.functions):
        function = verified.module.functions[index]
        locals_ = ", ".join(map(str, verified.reference_locals(index))) or "none"
        lines.append(
            f"{verified.module.function_name(index)}: {len(function.code)} bytes, {len(checked.offsets)} "
            f"instructions, operand stack {function.max_stack}, references in locals: {locals_}"
        )
        for offset in sorted(checked.safepoints):
            slots = ", ".join(map(str, checked.maps.get(offset, ()))) or "none"
            lines.append(f"  safepoint at {offset}: references in operands: {slots}")
    return "\n".join(lines) + "\n"


def show_optimised(planned: Plan, verified: Verified) -> str:
    """What each pass changed, and the functions behind them all."""
    return "".join(f"{told(step)}\n" for step in planned.passed) + show_verified(verified)


def show_need(needed: Need) -> str:
    """Opcode forms with counts and first uses, then what follows from them."""
    lines = [
        f"{count:6} × {use.form.name:32} " + (f"first in {place}" if place else "")
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


def show_sources(sources: Sources) -> str:
    """The generated C, file by file."""
    files = {**sources.headers, **{unit.name: unit.text for unit in (*sources.units, sources.layout)}}
    return "".join(f"// --- {name}\n{body}\n" for name, body in files.items())


def show_linked(linked: Linked) -> str:
    """The linker's map, and the bytes that each micro-library has in the state structs."""
    state = [f"{struct:8} {library:24} {size:6}" for struct, library, size in linked.members]
    return linked.link_map + "\n".join(["state", *state]) + "\n"


def show_footprint(footprint: Footprint) -> str:
    """Every row, in the order of the image."""
    lines = [f"{row.size:8} {row.kind or 'file':6} {row.owner:24} {row.item}" for row in footprint.rows]
    return "\n".join([*lines, f"{footprint.file_size:8} file"]) + "\n"
