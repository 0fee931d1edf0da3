"""The reference as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from .entry import Alike, Entry, Function, HandlerText, Operand, Part, alike
from .sizes import Sizes


def ruler(parts: tuple[Part, ...]) -> str:
    """The encoding as boxes, every byte as wide as the others; bytes that an immediate may do without are
    dotted."""
    unit = max(4, *(len(part.text) + 2 for part in parts if part.most == 1))
    top, middle, bottom = "┌", "│", "└"
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        solid = part.least * (unit + 1) - 1
        dotted = (part.most - part.least) * (unit + 1)
        edge = "┊" if dotted else "│"
        width = solid + dotted
        text = part.text.center(width) if part.most == 1 else f" {part.text}".ljust(width)
        top += "─" * solid + "┄" * dotted + ("┐" if last else "┬")
        middle += text[:width] + edge
        bottom += "─" * solid + "┄" * dotted + ("┘" if last else "┴")
    return "\n".join((top, middle, bottom))


def shown(entry: Entry, sizes: Sizes | None = None) -> Iterator[str]:
    """Everything about an opcode, line by line, with styles for a terminal."""
    bold = click.style(entry.label, bold=True)
    yield f"{bold}, opcode {entry.code:02x} of page {entry.page}"
    yield ""
    yield ruler(entry.encoding)
    width = max(len(part.text) for part in entry.encoding)
    for part in entry.encoding:
        yield "  " + part.text.ljust(width) + "  " + part_text(part)
    for function in entry.functions:
        yield ""
        yield from _function(entry, function)
    if sizes is not None:
        yield ""
        yield f"bytes in {sizes}: " + ("no row of its own" if entry.bytes is None else f"{entry.bytes:,}")
    yield ""
    yield from shown_c(entry.c)


def part_text(part: Part) -> str:
    """What a part of the encoding is, in a line."""
    if part.most == 1 and part.encoding == "byte":
        return f"{part.kind}: {part.doc}"
    return f"{part.kind}, {part.least} to {part.most} bytes of {part.encoding}: {part.doc}"


def effect(function: Function) -> str:
    """The stack effect: what is taken, the top last, and what is left."""

    def listed(operands: tuple[Operand, ...]) -> str:
        return ", ".join(f"{each.name}: {each.type}" for each in operands) or "nothing"

    return f"{listed(function.operands)} → {listed(function.results)}"


def when(function: Function) -> str:
    """The condition under which a function applies; empty for none."""
    return " and ".join(f"{name} is {value}" for name, value in function.when.items())


def _function(entry: Entry, function: Function) -> Iterator[str]:
    condition = f", when {when(function)}" if function.when else ""
    yield f"{click.style(entry.name, bold=True)} {function.signature}{condition}    [{function.library}]"
    yield ""
    yield indented(function.doc)
    yield ""
    yield f"  stack: {effect(function)}"
    groups = alike(function)
    for each in groups:
        yield "  equation" + (f" of {', '.join(each.names)}:" if len(groups) > 1 else ":")
        text = "\n".join(each.equations) or "none: only the stack changes"
        yield indented(click.style(text, fg="cyan"), "    ")
    for trap in function.traps:
        yield f"  trap {click.style(trap.name, fg='red')}: {trap.message}"
    for service in function.services:
        yield f"  service {service}"
    for each in groups:
        yield f"  op IR{ir_of(function, each)}:"
        yield indented(each.ir, "    ")


def ir_of(function: Function, each: Alike) -> str:
    """Which form's op IR stands for others too; empty where there is only one."""
    if len(function.forms) == 1:
        return ""
    rest = f", and alike of {', '.join(each.names[1:])}" if each.names[1:] else ""
    return f" of {each.names[0]}{rest}"


def shown_c(texts: Iterable[HandlerText]) -> Iterator[str]:
    for number, handler in enumerate(texts):
        comment = f"/* engine {handler.engine}: {', '.join(handler.forms)} */"
        yield ("\n" if number else "") + click.style(comment, dim=True)
        yield handler.text or "/* nothing */"


def indented(text: str, by: str = "  ") -> str:
    return "\n".join(by + line if line else "" for line in text.splitlines())
