"""Every form that programs could use: what a runtime needs that is given its programs only when it runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ..opcodes import Declaration, Opcode, types
from .program import Use
from .verified import Form

# How a value is stored, for each way that there is: those of cells, then those of fields and elements only.
_CELLS = tuple(
    each for each in types.BUILT_IN if types.storage(each.code) is each and not each.is_storage_only
)
STORAGE = (*_CELLS, *(each for each in types.BUILT_IN if each.is_storage_only))
# What the type variables of each domain are bound to (values.VARIABLES).
CHOICES = {"stack": _CELLS, "storage": STORAGE, "reference": (types.ANY,), "class": (types.ANY,)}


def forms(declaration: Declaration) -> Iterator[Form]:
    """The forms of *declaration*, those that differ in the last type variable next to each other."""
    names = [name for name, _ in declaration.signature.domains]
    for chosen in itertools.product(*(CHOICES[domain] for _, domain in declaration.signature.domains)):
        yield Form(declaration, tuple(zip(names, chosen, strict=True)))


def uses(opcode: Opcode, form: Form) -> Iterator[Use]:
    """The shapes that resolved code has for *form*; number n of them has those of its immediates that name
    a local far whose bit is set in n, bit 0 the first."""
    locals_ = [index for index, kind in enumerate(opcode.kinds) if kind == "local"]
    for mask in range(1 << len(locals_)):
        yield Use(form, tuple(index for bit, index in enumerate(locals_) if mask >> bit & 1))
