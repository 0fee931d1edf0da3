"""A page with what the built-in ones do not have, for the tables of the verifier in C."""

from __future__ import annotations

from tblvm.opcodes import (
    C,
    E,
    F,
    OpcodeSet,
    Page,
    R,
    T,
    U,
    anyref,
    array,
    class_,
    field,
    func,
    functype,
    i32,
    i64,
    imm_s,
    imm_u,
    instance,
    invoke,
    invoke_at,
    jump,
    jump_if,
    local,
    reftype,
    service,
    target,
)

op = OpcodeSet(Page("odd"), library="odd")


@service("tb_odd_keep", library="odd", effects={"safepoint"})
def keep(kept: anyref) -> i32:
    """A safepoint that takes a reference where it lies."""
    return i32(1)


@service("tb_odd_wait", library="odd", effects={"may block"})
def wait() -> None:
    """A safepoint that takes nothing."""


@op(0x00, "KEEP")
def keep_(number: i64, kept: anyref) -> i32:
    """What it takes stays on the stack until it is done."""
    return keep(kept)


@op(0x02, "CALLAT")
def call_at(index: i32, type_: functype) -> None:
    """Calls what is found when it runs."""
    invoke_at(index, type_)


@op(0x03, "CALLWITH")
def call_with(first: imm_s, callee: func) -> i32:
    """A result, then a call that may take it."""
    invoke(callee)
    return first


@op(0x05, "WAITJUMP")
def wait_and_jump(a: i32, to: target) -> tuple[i32, i32]:
    """A safepoint, then a branch, which may be another."""
    wait()
    jump(to)
    return a, a


@op(0x07, "GUARD", when={"a": 1, "b": -2})
def guarded(x: i32, a: imm_u, b: imm_s) -> i32:
    """Of these immediates only."""
    return x + a


@op(0x07, "GUARD", when={"a": 2})
def guarded_more(x: i64, a: imm_u, b: imm_s) -> i64:
    """Of this one."""
    return x


@op(0x07, "GUARD")
def unguarded(x: anyref, a: imm_u, b: imm_s) -> None:
    """Of all others."""


@op(0x09, "LOCALS")
def locals_(a: local[T], b: local[U], n: imm_s, again: local[T]) -> tuple[U, T]:
    """Several locals, two of one type."""
    return b.get(), again.get()


@op(0x0B, "SAME")
def same_arrays(a: array[E], b: array[E], x: E) -> array[E]:
    """Arrays of one type, and an element."""
    return b


@op(0x0C, "FIELDS")
def fields(
    object_: instance[C], kind: class_[C], which: field[C, F], other: class_[C], more: field[C, F], to: target
) -> tuple[F, F]:
    """Two fields, with a branch behind them."""
    both = object_.get(which), object_.get(more)
    jump_if(object_.is_null(), to)
    return both


@op(0x0D, "AS")
def as_(a: R, kind: reftype[R]) -> R:
    """The type named, of something that fits it."""
    return a
