"""What touches the machine: state, memory, traps, services, transfers of control.

Their meaning over concrete values is a method of the same name of the machine that runs them
(`meaning.Machine`); their C is each engine's own, because it depends on where that engine keeps its
state.
"""

from __future__ import annotations

from .primitive import Primitive, define


def _effect(
    name: str,
    *,
    moves: bool = False,
    transfers: bool = False,
    requires: tuple[str, ...] = (),
    safepoint: bool = False,
) -> Primitive:
    return define(
        Primitive(
            name,
            (),
            "",
            pure=False,
            moves=moves,
            transfers=transfers,
            requires=requires,
            safepoint=safepoint,
        )
    )


# name                               operands        attribute
TRAP_IF = _effect("trap_if")  #      condition       trap kind
BOUNDS = _effect("bounds")  #        index, length   (traps BAD_INDEX unless 0 <= index < length)
LOCAL_GET = _effect("local_get", moves=True)  #  -   immediate
LOCAL_SET = _effect("local_set", moves=True)  #  v   immediate
POOL_GET = _effect("pool_get", moves=True)  #    -   immediate
GLOBAL_GET = _effect("global_get", requires=("globals",))  #      -           immediate
GLOBAL_SET = _effect("global_set", requires=("globals",))  #      v           immediate
# A global that holds references goes through the write barrier.
GLOBAL_SET_REF = _effect("global_set_ref", requires=("globals",))
# Object memory: (reference, byte offset as i32); attribute: storage type. References apart: the barrier.
HEAP_LOAD = _effect("heap_load", requires=("cage",))
HEAP_STORE = _effect("heap_store", requires=("cage",))
HEAP_STORE_REF = _effect("heap_store_ref", requires=("cage",))
# Bytes that an object of the class that an immediate names takes, header included.
TYPE_SIZE = _effect("type_size", requires=("types",))  #  -                   immediate
# (size in bytes as i64, type index as i32, length as i32) -> a zeroed object with its header written.
ALLOCATE = _effect("allocate", requires=("heap",), safepoint=True)
SERVICE = _effect("service")  #      arguments       the service
JUMP = _effect("jump", transfers=True)  #            immediate
JUMP_IF = _effect("jump_if", transfers=True)  #      condition, immediate
INVOKE = _effect("invoke", transfers=True, requires=("frames",), safepoint=True)
RETURN = _effect("return", transfers=True)
HALT = _effect("halt", transfers=True)
