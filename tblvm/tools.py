"""tblvm: assemble, disassemble, verify, and show what is declared.

Only click is imported up front: what a command needs is imported when it runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .core.command import EXIT_STATUS, read_file, reporting, write_file

if TYPE_CHECKING:
    from .core.module import Module
    from .core.parts import Engine
    from .core.registry import Registry
    from .core.verified import Form, Verified
    from .opcodes import Declaration, Opcode

Command = TypeVar("Command", bound=Callable[..., Any])
SETTINGS = {"max_content_width": 100}
# What stands for a type variable where no program binds it.
SAMPLES = ("i32", "f32", "any")


@click.group(epilog=EXIT_STATUS, context_settings=SETTINGS)
@click.version_option(package_name="tblvm", prog_name="tblvm")
def main() -> None:
    """Assemble, disassemble and verify programs, and show what opcodes and plug-ins there are.

    tbbuild makes executables of programs. Data go to standard output, messages to standard error.
    """


def _command(group: click.Group, name: str | None = None) -> Callable[[Command], click.Command]:
    """A command with the options that all have; its errors are reported as tbbuild reports its own."""

    def declare(function: Command) -> click.Command:
        def run(debug: bool, plugins: tuple[Path, ...], **given: Any) -> None:
            with reporting("tblvm", debug):
                from .core.registry import load

                function(load(plugins), **given)

        run.__doc__ = function.__doc__
        run.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        options = (
            click.option("-p", "--plugin", "plugins", multiple=True, type=click.Path(path_type=Path),
                         metavar="PATH", help="Load a plug-in from a file or folder."),
            click.option("--debug", is_flag=True, help="Show tracebacks."),
        )  # fmt: skip
        for option in reversed(options):
            # The common options stand behind the command's own in its help.
            run.__click_params__ = [*getattr(option(lambda: None), "__click_params__"), *run.__click_params__]  # type: ignore[attr-defined]  # noqa: B009
        return group.command(name or function.__name__, epilog=EXIT_STATUS, context_settings=SETTINGS)(run)

    return declare


_file = click.argument("file", type=click.Path(path_type=Path))
_json = click.option("--json", "json_", is_flag=True, help="JSON, for scripts.")


def _output(text: str) -> Callable[[Command], Command]:
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option("-o", "--output", type=kind, metavar="OUT", help=text)


def _say(data: object) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


# --- programs -----------------------------------------------------------------------------------------


@_command(main)
@_file
@_output("The module's file; by default the source's name with .tbc, in the current folder.")
def asm(registry: Registry, file: Path, output: Path | None) -> None:
    """Assemble FILE into a .tbc module, verified."""
    from .core import tbc
    from .stack import verify

    # The front-end by name: here the command says that the content is assembly, not the file's name.
    assembly = next(each for each in registry.front_ends if each.name == "assembly")
    module = assembly.translate(read_file(file), str(file), registry.isa)
    content = tbc.write(verify(module, registry.isa).module)
    write_file(output or Path(file.stem + ".tbc"), content)


@_command(main)
@_file
@_output("Write the text there instead of to standard output.")
@click.option(
    "--listing", "as_listing", is_flag=True, help="Offsets and bytes beside the code; for reading only."
)
def dis(registry: Registry, file: Path, output: Path | None, as_listing: bool) -> None:
    """Disassemble FILE (.tbc or any program) into text that assembles to the same module again."""
    from .core.dis import disassemble, listing

    module = _translated(registry, file)
    text = listing(module, registry.isa) if as_listing else disassemble(module, registry.isa)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_file(output, text.encode())


@_command(main)
@_file
@_json
def verify(registry: Registry, file: Path, json_: bool) -> None:
    """Check that FILE is a valid module; --json tells what the verifier found out about it."""
    from .stack import verify

    checked = verify(_translated(registry, file), registry.isa)
    if json_:
        _say(_findings(str(file), checked))
    else:
        count = len(checked.functions)
        total = sum(len(each.offsets) for each in checked.functions)
        click.echo(f"{file}: valid: {count} functions, {total} instructions", err=True)


def _translated(registry: Registry, file: Path) -> Module:
    from .builder.pipeline import translate

    return translate(read_file(file), str(file), registry)


def _findings(file: str, checked: Verified) -> dict[str, object]:
    module = checked.module
    return {
        "file": file,
        "entry": module.function_name(module.entry),
        "pages": [page.name for page in module.pages],
        "opcodes": sorted(form.name for form in checked.forms),
        "functions": [
            {
                "name": module.function_name(index),
                "instructions": len(found.offsets),
                "max_stack": module.functions[index].max_stack,
                "reference_locals": list(checked.reference_locals(index)),
                "safepoints": sorted(found.safepoints),
                "maps": {str(offset): list(slots) for offset, slots in sorted(found.maps.items())},
            }
            for index, found in enumerate(checked.functions)
        ],
    }


# --- opcodes ------------------------------------------------------------------------------------------


@_command(main)
@click.argument("name", required=False)
@_json
def ops(registry: Registry, name: str | None, json_: bool) -> None:
    """List all opcodes, or show everything about the one called NAME (ADD, object.GETFIELD).

    A signature reads: <immediates> (taken from the operand stack, the last one its top) -> left there.
    """
    if name is not None:
        opcode = _found(registry, name)
        if json_:
            _say(_described(registry, opcode))
        else:
            click.echo("\n".join(_page(registry, opcode)))
    elif json_:
        _say([_summary(opcode) for opcode in registry.isa])
    else:
        rows: list[tuple[str, ...]] = [("page", "code", "name", "signature", "library", "what it does")]
        for opcode in registry.isa:
            for number, each in enumerate(opcode.declarations):
                head = ("", "", "") if number else (opcode.page.name, f"{opcode.code:02x}", opcode.name)
                rows.append((*head, each.signature.text(), each.library, _first_line(each)))
        click.echo("\n".join(_aligned(rows)))


def _found(registry: Registry, name: str) -> Opcode:
    from .core.errors import UsageError

    try:
        return registry.isa.find(name)
    except LookupError as error:
        raise UsageError(f"{error.args[0]}; `tblvm ops` lists all") from None


def _first_line(declaration: Declaration) -> str:
    return declaration.doc.partition("\n")[0]


def _doc(declaration: Declaration) -> str:
    """The docstring without the indentation of the function it stands in."""
    import inspect

    return inspect.cleandoc(declaration.doc)


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _summary(opcode: Opcode) -> dict[str, object]:
    return {
        "page": opcode.page.name,
        "prefix": opcode.page.prefix if opcode.page.prefix != -1 else None,
        "code": opcode.code,
        "name": opcode.name,
        "immediates": list(opcode.kinds),
        "forms": [
            {
                "signature": each.signature.text(),
                "when": dict(each.when),
                "library": each.library,
                "doc": _doc(each),
            }
            for each in opcode.declarations
        ],
    }


def _described(registry: Registry, opcode: Opcode) -> dict[str, object]:
    return {
        **_summary(opcode),
        "ir": [{"form": form.name, "text": form.graph.text()} for form in forms(opcode)],
        "c": [{"forms": names, "text": text} for names, text in handler_texts(registry, opcode)],
    }


def ruler(opcode: Opcode) -> str:
    """The encoding of an opcode, drawn as boxes."""
    from .opcodes.signature import SIGNED_KINDS

    boxes = [(f"{opcode.code:02x}", "opcode")]
    if opcode.page.prefix != -1:
        prefix = "e0–fe" if opcode.page.prefix is None else f"{opcode.page.prefix:02x}"
        boxes.insert(0, (prefix, "prefix"))
    for slot in opcode.declarations[0].signature.immediates:
        encoding = "signed LEB128" if slot.kind in SIGNED_KINDS else "LEB128"
        boxes.append((f"{slot.name}: {slot.kind}", encoding))
    widths = [max(map(len, box)) + 2 for box in boxes]
    inside = "│".join(box[0].center(width) for box, width in zip(boxes, widths, strict=True))
    return "\n".join(
        (
            "┌" + "┬".join("─" * width for width in widths) + "┐",
            f"│{inside}│",
            "└" + "┴".join("─" * width for width in widths) + "┘",
            (" " + " ".join(box[1].center(width) for box, width in zip(boxes, widths, strict=True))).rstrip(),
        )
    )


def _page(registry: Registry, opcode: Opcode) -> Iterator[str]:
    yield f"{opcode.label}, opcode {opcode.code:02x} of page {opcode.page.name}"
    yield ""
    yield ruler(opcode)
    for each in opcode.declarations:
        when = "".join(f", when {name} is {value}" for name, value in each.when.items())
        yield f"\n{opcode.name} {each.signature.text()}{when}    [{each.library}]\n"
        yield _indented(_doc(each))
        if not each.signature.domains:
            yield "\n  op IR:"
            yield _indented(each.graph().text(), "    ")
    yield ""
    yield from _shown_c(registry, opcode)


def _indented(text: str, by: str = "  ") -> str:
    return "\n".join(by + line if line else "" for line in text.splitlines())


# --- show ---------------------------------------------------------------------------------------------


@main.group(epilog=EXIT_STATUS, context_settings=SETTINGS)
def show() -> None:
    """Show what is derived from an opcode's declaration."""


_name = click.argument("name")


@_command(show, "c")
@_name
@click.option(
    "--engine", default="switch", metavar="NAME", help="The engine whose C to show.  [default: switch]"
)
def show_c(registry: Registry, name: str, engine: str) -> None:
    """The C by which an engine executes opcode NAME.

    Where the opcode has type variables, it is shown for i32, f32 and a reference; forms with the same C
    are one handler.
    """
    from .core.registry import choose

    chosen = registry.engines[choose("engine", engine, registry.engines)]
    click.echo("\n".join(_shown_c(registry, _found(registry, name), chosen)))


@_command(show, "ir")
@_name
def show_ir(registry: Registry, name: str) -> None:
    """The op IR of opcode NAME: what everything else is derived from.

    Where the opcode has type variables, it is shown for i32, f32 and a reference.
    """
    texts = (f"{form.name}:\n{_indented(form.graph.text())}" for form in forms(_found(registry, name)))
    click.echo("\n\n".join(texts))


def forms(opcode: Opcode) -> Iterator[Form]:
    """The forms of *opcode*: of each declared function the one there is, or samples of those there are."""
    from itertools import product

    from .core.verified import Form
    from .opcodes import types

    for declaration in opcode.declarations:
        ranges = []
        for variable, domain in declaration.signature.domains:
            names: Iterable[str] = SAMPLES if domain in ("stack", "storage") else ("any",)
            ranges.append([(variable, types.BY_NAME[name]) for name in names])
        for bindings in product(*ranges):
            yield Form(declaration, tuple(bindings))


def handler_texts(
    registry: Registry, opcode: Opcode, engine: Engine | None = None
) -> list[tuple[list[str], str]]:
    """The handlers of an engine (by default the switch engine) for *opcode*: names of the forms that each
    executes, and its C."""
    from .builder.need import Need
    from .builder.resolve import Plan
    from .core.program import Use

    engine = engine or registry.engines["switch"]
    uses = [Use(form) for form in forms(opcode)]
    # A plan of nothing but the engine: no fuel, no interruption, no collector with barriers.
    need = Need(dict.fromkeys(uses, (0, None)), (), (), (), 0, 0, 0)
    mode, target = registry.modes["default"], next(iter(registry.targets.values()))
    plan = Plan(need, (), {}, {}, {}, {}, (), (), mode, engine, target)
    return [
        ([use.form.name for use in handler.uses], handler.text) for handler in engine.handlers(plan, uses)
    ]


def _shown_c(registry: Registry, opcode: Opcode, engine: Engine | None = None) -> Iterator[str]:
    engine = engine or registry.engines["switch"]
    for number, (names, text) in enumerate(handler_texts(registry, opcode, engine)):
        yield ("\n" if number else "") + f"/* engine {engine.name}: {', '.join(names)} */"
        yield text or "/* nothing */"


# --- plug-ins -----------------------------------------------------------------------------------------


@_command(main)
@_json
def plugins(registry: Registry, json_: bool) -> None:
    """List the loaded plug-ins, built-in rooms first: where each comes from, and what it adds."""
    found = [(each, registry.contributions(each)) for each in registry.plugins]
    if json_:
        _say([{"name": each.name, "origin": each.origin, "adds": adds} for each, adds in found])
        return
    for each, adds in found:
        click.echo(f"{each.name} ({each.origin})" + ("" if adds else ": adds nothing"))
        for what, names in adds.items():
            click.echo(click.wrap_text(f"{what}: {', '.join(names)}", 100, "  ", "      "))
