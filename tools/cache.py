"""tblvm cache: what is kept of builds and translations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .command import command, json_option, say_json

if TYPE_CHECKING:
    from ..core.registry import Registry


@command()
@json_option
@click.option("--clear", is_flag=True, help="Remove all of them.")
def cache(registry: Registry, json_: bool, clear: bool) -> None:
    """Tell where builds and translated programs are kept, how many and how large; --clear removes them."""
    from ..builder.cache import standard

    found = standard()
    removed = found.clear() if found is not None and clear else 0
    count, size = found.size() if found is not None else (0, 0)
    if json_:
        folder = None if found is None else str(found.folder)
        limit = 0 if found is None else found.limit
        say_json({"folder": folder, "entries": count, "bytes": size, "limit": limit, "removed": removed})
    elif found is None:
        click.echo("nothing is kept: TBLVM_CACHE_SIZE is 0")
    else:
        if clear:
            click.echo(f"removed {removed} entries")
        click.echo(f"{found.folder}: {count} entries, {size:,} of at most {found.limit:,} bytes")
