"""Page `indirect`: function references, tables of them, indirect and tail calls, branch tables.

As in WebAssembly 1.0 with bulk memory operations, reference types and tail calls. An index is unsigned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..opcodes import (
    OpcodeSet,
    Page,
    Trap,
    elem,
    func,
    function,
    functype,
    halt,
    i32,
    invoke_at,
    jump_table,
    table,
    tail_invoke,
    tail_invoke_at,
    targets,
    trap_if,
)
from . import table_services as services

INDIRECT = Page("indirect", prefix=0x67)
op = OpcodeSet(INDIRECT, library="indirect", later=True)

Function = TypeVar("Function", bound=Callable[..., Any])


def _op(code: int, name: str, *tables: str) -> Callable[[Function], Function]:
    """Declare the opcode for table 0, whose place in the runtime is fixed, and for any other."""

    def declare(function: Function) -> Function:
        op(code, name, when=dict.fromkeys(tables or ("table",), 0))(function)
        return op(code, name)(function)

    return declare


def _callee(index: i32, type_: functype, table: table) -> i32:
    """The function in the table, which must be of that type."""
    trap_if(index.ge_u(table.size()), Trap.UNDEFINED_ELEMENT)
    found = table.get(index)
    trap_if(found.is_null(), Trap.UNINITIALIZED_ELEMENT)
    trap_if(found.type() != type_.number(), Trap.CALL_TYPE_MISMATCH)
    return found.index()


@_op(0x00, "CALL_INDIRECT")
def call_indirect(index: i32, type_: functype, table: table) -> None:
    """Calls the function at *index* of the table, which must have the type: its parameters are below the
    index.

    Traps UNDEFINED_ELEMENT beyond the table's end, UNINITIALIZED_ELEMENT for null, CALL_TYPE_MISMATCH for a
    function of another type, then as CALL.
    """
    invoke_at(_callee(index, type_, table), type_)


@op(0x01, "RETURN_CALL")
def return_call(callee: func) -> None:
    """Calls the function in place of the present one: its results are those of this one, whose frame ends.

    Traps STACK_OVERFLOW in the caller when the callee's frame does not fit in the place of the present one.
    """
    tail_invoke(callee)


@_op(0x02, "RETURN_CALL_INDIRECT")
def return_call_indirect(index: i32, type_: functype, table: table) -> None:
    """As RETURN_CALL, of a function that is found as by CALL_INDIRECT."""
    tail_invoke_at(_callee(index, type_, table), type_)


@op(0x03, "BR_TABLE")
def br_table(index: i32, to: targets) -> None:
    """Goes on at the target that the index selects, counted from 0; at the last one where it is greater."""
    jump_table(index, to)


@op(0x04, "REF_NULL")
def ref_null() -> function:
    """The null function reference."""
    return function(0)


@op(0x05, "REF_IS_NULL")
def ref_is_null(a: function) -> i32:
    """1 if the function reference is null, else 0."""
    return a.is_null().to_i32()


@op(0x06, "REF_FUNC")
def ref_func(which: func) -> function:
    """A reference to the function."""
    return which.reference()


@_op(0x07, "TABLE_GET")
def table_get(index: i32, table: table) -> function:
    """The element at *index*. Traps BAD_TABLE_INDEX."""
    trap_if(index.ge_u(table.size()), Trap.BAD_TABLE_INDEX)
    return table.get(index)


@_op(0x08, "TABLE_SET")
def table_set(index: i32, value: function, table: table) -> None:
    """Sets the element at *index*. Traps BAD_TABLE_INDEX."""
    trap_if(index.ge_u(table.size()), Trap.BAD_TABLE_INDEX)
    table.set(index, value)


@_op(0x09, "TABLE_SIZE")
def table_size(table: table) -> i32:
    """How many elements the table has."""
    return table.size()


@_op(0x0A, "TABLE_GROW")
def table_grow(value: function, count: i32, table: table) -> i32:
    """Adds *count* elements that are all *value*. The size before; -1, and nothing changes, when there would
    be more than the table's greatest size or the runtime's limit."""
    return services.grow(table.index(), value, count)


@_op(0x0B, "TABLE_FILL")
def table_fill(index: i32, value: function, count: i32, table: table) -> None:
    """Sets *count* elements from *index* on. Traps BAD_TABLE_INDEX, before anything is written."""
    services.fill(table.index(), index, value, count)


@_op(0x0C, "TABLE_COPY", "to", "from_")
def table_copy(index: i32, start: i32, count: i32, to: table, from_: table) -> None:
    """Copies *count* elements from *start* in the second table to *index* in the first, right where both
    overlap. Traps BAD_TABLE_INDEX, before anything is written."""
    services.copy(to.index(), from_.index(), index, start, count)


@_op(0x0D, "TABLE_INIT")
def table_init(index: i32, start: i32, count: i32, elem: elem, table: table) -> None:
    """Copies *count* elements of the element segment, from element *start* on, to *index*.

    A segment that was dropped or was in a table from the start has no elements. Traps BAD_TABLE_INDEX,
    before anything is written, when one of both ends too early.
    """
    services.init(table.index(), elem.index(), index, start, count)


@op(0x0E, "ELEM_DROP")
def elem_drop(elem: elem) -> None:
    """The element segment has no elements from now on."""
    services.drop(elem.index())


@op(0x0F, "UNREACHABLE")
def unreachable() -> None:
    """Traps UNREACHABLE, always: a place that the program never reaches."""
    trap_if(i32(1) != 0, Trap.UNREACHABLE)
    halt()
