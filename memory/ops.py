"""Opcodes of the core page that touch memory: cells on the heap, global variables."""

from __future__ import annotations

from ..opcodes import (
    CORE,
    OpcodeSet,
    T,
    Trap,
    allocate_cells,
    bounds,
    cells,
    global_,
    i32,
    imm_u,
    trap_if,
)
from . import services

cells_op = OpcodeSet(CORE, library="memory.cells", later=True)
free_op = OpcodeSet(CORE, library="memory.freelist", later=True)
globals_op = OpcodeSet(CORE, library="memory.globals", later=True)


@cells_op(0x30, "NEW", when={"size": 0})
def new_counted(count: i32, size: imm_u) -> cells:
    """A new object of i32 cells, all zero; with size 0 the count comes from the stack.

    Traps NEGATIVE_SIZE and OUT_OF_MEMORY.
    """
    trap_if(count < 0, Trap.NEGATIVE_SIZE)
    return allocate_cells(count)


@cells_op(0x30, "NEW")
def new(size: imm_u) -> cells:
    """A new object of *size* cells."""
    return allocate_cells(size)


@free_op(0x31, "FREE")
def free(object_: cells) -> None:
    """Gives the object back. Legal only in a plan without a collector; null is ignored.

    Traps BAD_FREE when it is not allocated. A reference to a freed object never reaches host memory:
    it reads as an object without cells, or as one that has taken its place.
    """
    services.free(object_)


@cells_op(0x32, "LOADM")
def loadm(object_: cells, index: i32, offset: imm_u) -> i32:
    """The cell at index + offset. Traps NULL_REFERENCE and BAD_INDEX."""
    trap_if(object_.is_null(), Trap.NULL_REFERENCE)
    at = index + offset
    bounds(at, object_.length())
    return object_.cell(at)


@cells_op(0x33, "STOREM")
def storem(object_: cells, index: i32, value: i32, offset: imm_u) -> None:
    """Sets the cell at index + offset. Traps NULL_REFERENCE and BAD_INDEX."""
    trap_if(object_.is_null(), Trap.NULL_REFERENCE)
    at = index + offset
    bounds(at, object_.length())
    object_.set_cell(at, value)


@globals_op(0x34, "LOADG")
def loadg(index: global_[T]) -> T:
    """The value of a global variable."""
    return index.get()


@globals_op(0x35, "STOREG")
def storeg(value: T, index: global_[T]) -> None:
    """Sets a global variable."""
    index.set(value)
