"""A plug-in whose C does not link: each of its opcodes for a reason of its own.

tbbuild -p tests/outside/unlinked program.tba
"""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.opcodes import OpcodeSet, Page, i32, service

op = OpcodeSet(Page("unlinked"), library="unlinked")


@service("tb_unlinked_missing", library="unlinked.missing")
def missing(a: i32) -> i32:
    return a


@service("tb_unlinked_twice", library="unlinked.twice")
def twice(a: i32) -> i32:
    return a


@service("tb_unlinked_large", library="unlinked.large")
def large(a: i32) -> i32:
    return a


@op(0, "MISSING")
def missing_(a: i32) -> i32:
    """a, by a C function that calls one which is nowhere."""
    return missing(a)


@op(1, "TWICE")
def twice_(a: i32) -> i32:
    """a, by a C function in a file that defines what another one has."""
    return twice(a)


@op(2, "LARGE")
def large_(a: i32) -> i32:
    """a, by way of more static memory than executables have addresses for."""
    return large(a)


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [op]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name=f"unlinked.{name}",
            doc=doc,
            room=Path(__file__).parent,
            sources=(f"c/{name}.c",),
            services=(each,),
        )
        for name, doc, each in (
            ("missing", "calls what is nowhere", missing),
            ("twice", "defines what is there", twice),
            ("large", "takes too much memory", large),
        )
    ]
