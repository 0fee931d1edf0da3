"""What the C of shared tables needs of the engine: how resolved code spells a call of the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import BuildError
from ..core.parts import Handler

if TYPE_CHECKING:
    from ..builder.compose import Composition

_NUMBERS = ("i32", "i64", "f32", "f64")


def _the_one(found: set[Handler], what: str) -> bytes:
    if len(found) != 1:
        raise BuildError(f"the engine has {len(found)} handlers for {what}: sharing of tables needs one")
    return found.pop().code


def handlers_of_links(composition: Composition) -> str:
    """The bytes of the handlers of which trampolines are made (c/links_load.c): HOST, LOAD, RET."""
    host: set[Handler] = set()
    load: set[Handler] = set()
    end: set[Handler] = set()
    for handler in composition.handlers:
        for use in handler.uses:
            declaration = use.form.declaration
            kinds = tuple(slot.kind for slot in declaration.signature.immediates)
            names = {type_.name for _, type_ in use.form.bindings}
            if kinds == ("import",):
                host.add(handler)
            elif declaration.label == "LOAD" and not use.far and names & set(_NUMBERS):
                load.add(handler)
            elif declaration.label == "RET":
                end.add(handler)
    lines = ['#include "tb_links.h"']
    for name, found in (("host", host), ("load", load), ("ret", end)):
        code = _the_one(found, name.upper())
        lines.append(f"const u8 tb_links_{name}[] = {{{', '.join(map(str, code))}}};")
        lines.append(f"const u32 tb_links_{name}_bytes = {len(code)};")
    return "\n".join(lines) + "\n"
