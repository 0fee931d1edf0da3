"""tblvm asm, dis, verify: programs from one form into another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..core.command import file_name, read_file, write_file
from ..core.complete import registered
from ..core.printable import printable
from .command import command, file_argument, json_option, output_option, say_json, translated

if TYPE_CHECKING:
    from ..core.registry import Registry
    from ..core.verified import Verified


@command()
@file_argument
@output_option("The module's file; by default the source's name with .tbc, in the current folder.")
@click.option(
    "--passes",
    shell_complete=registered("passes", several=True),
    default="none",
    metavar="NAMES",
    help="Optimiser passes, in this order.  [default: none]",
)
def asm(registry: Registry, file: Path, output: Path | None, passes: str) -> None:
    """Assemble FILE into a .tbc module, verified."""
    from ..builder.optimise import chosen, optimise
    from ..builder.options import names
    from ..builder.report_text import told
    from ..core import tbc
    from ..stack import verify

    # The front-end by name: here the command says that the content is assembly, not the file's name.
    assembly = next(each for each in registry.front_ends if each.name == "assembly")
    module = assembly.translate(read_file(file), file_name(file), registry.isa)
    wanted = chosen(registry, names(passes))
    verified, steps = optimise(verify(module, registry.isa), registry, wanted)
    content = tbc.write(verified.module)
    write_file(output or Path(file.stem + ".tbc"), content)
    for step in steps:
        click.echo(told(step), err=True)


@command()
@file_argument
@output_option("Write the text there instead of to standard output.")
@click.option(
    "--listing", "as_listing", is_flag=True, help="Offsets and bytes beside the code; for reading only."
)
def dis(registry: Registry, file: Path, output: Path | None, as_listing: bool) -> None:
    """Disassemble FILE (.tbc or any program) into text that assembles to the same module again."""
    from ..core.dis import disassemble, listing

    module = translated(registry, file)
    text = listing(module, registry.isa) if as_listing else disassemble(module, registry.isa)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_file(output, text.encode())


@command()
@file_argument
@json_option
def verify(registry: Registry, file: Path, json_: bool) -> None:
    """Check that FILE is a valid module; --json tells what the verifier found out about it."""
    from ..stack import verify

    checked = verify(translated(registry, file), registry.isa)
    if json_:
        say_json(_findings(file_name(file), checked))
    else:
        count = len(checked.functions)
        total = sum(len(each.offsets) for each in checked.functions)
        name = printable(file_name(file)).decode()
        click.echo(f"{name}: valid: {count} functions, {total} instructions", err=True)


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
