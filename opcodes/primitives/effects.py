"""What touches the machine: state, memory, traps, services, transfers of control.

Their meaning over concrete values is a method of the same name of the machine that runs them
(`meaning.Machine`); their C is each engine's own, because it depends on where that engine keeps its
state.
"""

from __future__ import annotations

from .leaves import PARAMETER
from .primitive import Primitive, define


def _effect(
    name: str,
    notation: str = "",
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
            notation=notation,
        )
    )


# What the operands are shows in the notation; {name} is a trap kind, a storage type or a service.
TRAP_IF = _effect("trap_if", "trap {name} if {0}")
# Apart from trap_if, so that a plan can do without; always BAD_INDEX.
BOUNDS = _effect("bounds", "trap {name} unless 0 ≤ {0} < {1}")
LOCAL_GET = _effect("local_get", "local[{immediate}]", moves=True)
LOCAL_SET = _effect("local_set", "local[{immediate}] ← {0}", moves=True)
POOL_GET = _effect("pool_get", "pool[{immediate}]", moves=True)
GLOBAL_GET = _effect("global_get", "global[{immediate}]", requires=("globals",))
GLOBAL_SET = _effect("global_set", "global[{immediate}] ← {0}", requires=("globals",))
# A global that holds references goes through the write barrier.
_BARRIER = "  (with the write barrier)"
GLOBAL_SET_REF = _effect("global_set_ref", "global[{immediate}] ← {0}" + _BARRIER, requires=("globals",))
# Object memory: (reference, byte offset as i32); attribute: storage type. References apart: the barrier.
HEAP_LOAD = _effect("heap_load", "{0}.{name}[{1}]", requires=("cage",))
HEAP_STORE = _effect("heap_store", "{0}.{name}[{1}] ← {2}", requires=("cage",))
HEAP_STORE_REF = _effect("heap_store_ref", "{0}.{name}[{1}] ← {2}" + _BARRIER, requires=("cage",))
# Bytes that an object of the class that an immediate names takes, header included.
TYPE_SIZE = _effect("type_size", "size_of({immediate})", requires=("types",))
# Type index in an object's header, 0 for null.
TYPE_OF = _effect("type_of", "type_of({0})", requires=("cage",))
# Whether objects of a type index are of the type that an immediate names: any but an interface; an interface.
IS_SUBTYPE = _effect("is_subtype", "{0} is {immediate}", requires=("subtypes",))
IMPLEMENTS = _effect("implements", "{0} implements {immediate}", requires=("implementors",))
# Calls of the method that an immediate names: the object, which is the first parameter, on the operand stack;
# the function for objects of a type index.
CLASS_RECEIVER = _effect("class_receiver", "object_of({immediate})")
CLASS_METHOD = _effect("class_method", "function({0}, {immediate})", requires=("virtuals",))
INTERFACE_RECEIVER = _effect("interface_receiver", "object_of({immediate})", requires=("interfaces",))
INTERFACE_METHOD = _effect("interface_method", "function({0}, {immediate})", requires=("interfaces",))
# (size in bytes as i64, type index as i32, length as i32) -> a zeroed object with its header written.
ALLOCATE = _effect(
    "allocate", "allocate({0} bytes, type {1}, length {2})", requires=("heap",), safepoint=True
)
# Linear memory: (index of the memory, ...). An address is an i64, so that base and offset add up unwrapped.
_LINEAR = ("linear-memory",)
# (memory, address, bytes). Apart from trap_if, so that a plan can leave it to guard pages.
MEMORY_BOUNDS = _effect(
    "memory_bounds", "trap {name} unless memory {0} has {2} bytes at {1}", requires=_LINEAR
)
MEMORY_LOAD = _effect("memory_load", "memory {0}.{name}[{1}]", requires=_LINEAR)
MEMORY_STORE = _effect("memory_store", "memory {0}.{name}[{1}] ← {2}", requires=_LINEAR)
MEMORY_SIZE = _effect("memory_size", "pages of memory {0}", requires=_LINEAR)
# Function tables: (index of the table, ...); an index is within bounds: trap first.
_TABLES = ("function-tables",)
TABLE_GET = _effect("table_get", "table {0}[{1}]", requires=_TABLES)
TABLE_SET = _effect("table_set", "table {0}[{1}] ← {2}", requires=_TABLES)
TABLE_SIZE = _effect("table_size", "size of table {0}", requires=_TABLES)
# (index of a function) -> canonical number of its type: equal types have equal numbers.
FUNCTION_TYPE = _effect("function_type", "type of function {0}", requires=("function-types",))
SERVICE = _effect("service", "{name}({operands})")
JUMP = _effect("jump", "goto {immediate}", transfers=True)
JUMP_IF = _effect("jump_if", "goto {immediate} if {0}", transfers=True)
# The operand selects, unsigned, among the immediate's targets; the last one where there is none.
JUMP_TABLE = _effect("jump_table", "goto {immediate}[{0}]", transfers=True, requires=("branch-tables",))
INVOKE = _effect(
    "invoke", "call {immediate}({operands})", transfers=True, requires=("frames",), safepoint=True
)
# A call whose frame takes the place of the present one: nothing of it is left to keep alive.
TAIL_INVOKE = _effect(
    "tail_invoke", "return call {immediate}({operands})", transfers=True, requires=("frames",)
)
RETURN = _effect("return", "return", transfers=True)
HALT = _effect("halt", "halt", transfers=True)

# What reads a cell, or writes its last operand to one. (Results of an opcode are written to cells too.)
CELLS = (
    PARAMETER,
    LOCAL_GET,
    LOCAL_SET,
    POOL_GET,
    GLOBAL_GET,
    GLOBAL_SET,
    GLOBAL_SET_REF,
    HEAP_LOAD,
    HEAP_STORE,
    HEAP_STORE_REF,
    MEMORY_LOAD,
    MEMORY_STORE,
)
