"""tblvm options: what -O sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .command import command, json_option, say_json

if TYPE_CHECKING:
    from ..core.parts import Option
    from ..core.registry import Registry


@command()
@json_option
def options(registry: Registry, json_: bool) -> None:
    """List the settings of micro-libraries and front-ends, which `tbbuild -O NAME=VALUE` sets."""
    all_ = [(name, library.name, option) for name, (library, option) in registry.options.items()]
    for front_end in registry.front_ends:
        all_ += [(option.name, f"front-end {front_end.name}", option) for option in front_end.options]
    found = sorted(all_, key=lambda each: each[:2])
    if json_:
        say_json([{**_data(option), "library": library} for _, library, option in found])
        return
    for name, library, option in found:
        click.echo(f"{name} ({library}; {option.kind}, {_default(option)})")
        click.echo(click.wrap_text(option.doc, 100, "  ", "  "))


def _default(option: Option) -> str:
    if option.enables:
        return "brings its library in"
    return f"default {option.default!r}" if isinstance(option.default, str) else f"default {option.default:,}"


def _data(option: Option) -> dict[str, object]:
    return {
        "name": option.name,
        "kind": option.kind,
        "default": option.default,
        "minimum": option.minimum,
        "maximum": option.maximum,
        "doc": option.doc,
    }
