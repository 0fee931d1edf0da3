"""tblvm ops: the instruction set, as a list, one opcode in full, or the reference as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..core.complete import among, opcodes
from .command import colours, command, found, json_option, say_json

if TYPE_CHECKING:
    from ..core.registry import Registry
    from .reference.sizes import Sizes

_path = click.Path(path_type=Path, dir_okay=False)


@command()
@click.argument("name", required=False, shell_complete=among(opcodes))
@json_option
@click.option(
    "--html", type=_path, metavar="OUT", help="Write the reference of all opcodes as one HTML page."
)
@click.option("--report", type=_path, metavar="REPORT",
              help="A report of `tbbuild --json`: show the bytes that opcodes take there.")  # fmt: skip
def ops(registry: Registry, name: str | None, json_: bool, html: Path | None, report: Path | None) -> None:
    """List all opcodes, or show everything about the one called NAME (ADD, object.GETFIELD).

    A signature reads: <immediates> (taken from the operand stack, the last one its top) -> left there.
    """
    from ..core.errors import UsageError
    from .reference.sizes import read_sizes

    if html is not None and (name is not None or json_):
        raise UsageError("--html writes the page of all opcodes to a file: leave out NAME and --json")
    sizes = read_sizes(report) if report is not None else None
    if html is not None:
        _write_page(registry, html, sizes)
    elif name is not None:
        _show_one(registry, name, json_, sizes)
    elif json_:
        _list_json(registry, sizes)
    else:
        _list(registry, sizes)


def _write_page(registry: Registry, html: Path, sizes: Sizes | None) -> None:
    from ..core.command import write_file
    from .reference.html import page

    write_file(html, page(registry, sizes).encode())


def _show_one(registry: Registry, name: str, json_: bool, sizes: Sizes | None) -> None:
    from dataclasses import asdict

    from .reference.entry import entry
    from .reference.text import shown

    one = entry(registry, found(registry, name), sizes.bytes if sizes else None)
    if json_:
        say_json(asdict(one))
    else:
        click.echo("\n".join(shown(one, sizes)), color=colours())


def _list_json(registry: Registry, sizes: Sizes | None) -> None:
    from dataclasses import asdict

    from .reference.entry import entry

    say_json([asdict(entry(registry, opcode, sizes.bytes if sizes else None)) for opcode in registry.isa])


def _list(registry: Registry, sizes: Sizes | None) -> None:
    head = ("page", "code", "name", *(("bytes",) if sizes else ()), "signature", "library", "what it does")
    rows: list[tuple[str, ...]] = [head]
    for opcode in registry.isa:
        for number, each in enumerate(opcode.declarations):
            known = sizes.bytes.get(opcode.label) if sizes else None
            which = ("", "", "") if number else (opcode.page.name, f"{opcode.code:02x}", opcode.name)
            size = ("" if number or known is None else f"{known:,}",) if sizes else ()
            rows.append((*which, *size, each.signature.text(), each.library, each.doc.partition("\n")[0]))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
