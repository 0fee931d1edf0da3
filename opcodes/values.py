"""The values that an opcode's function computes with: concrete numbers, or nodes of a graph.

An opcode is a Python function that is *called*, never parsed. Called with concrete values it gives the
reference semantics; called with symbolic ones it records its op IR. Both kinds of value are the classes
of this module; `v` holds the number (integers signed, floats as their bits, references as their cage
offset) or the node.

Operators are defined here and not on the nodes, and refuse what the op IR cannot say: a Python `if` on
a value, a mixture of types, an operation that the type does not have.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, ClassVar, Generic, NoReturn, Protocol, TypeVar

from . import types
from .ir import Node
from .primitives import find
from .primitives.floating import encode
from .traps import Trap

Raw = Any  # an int, or a Node while tracing


class DslError(Exception):
    """An opcode's function does what the opcode language excludes; the text says what to write instead."""


class Effects(Protocol):
    """What touches the machine. The tracer records it; the reference interpreter does it."""

    def pure(self, name: str, result: str, arguments: tuple[Value, ...]) -> Raw: ...
    def trap_if(self, condition: Raw, trap: Trap) -> None: ...
    def bounds(self, index: Raw, length: Raw) -> None: ...
    def local_get(self, index: Raw, type_: str) -> Raw: ...
    def local_set(self, index: Raw, value: Raw) -> None: ...
    def pool_get(self, entry: Raw, type_: str) -> Raw: ...
    def global_get(self, index: Raw, type_: str) -> Raw: ...
    def global_set(self, index: Raw, value: Raw, is_reference: bool) -> None: ...
    def heap_load(self, storage: types.Type, object_: Raw, offset: Raw) -> Raw: ...
    def heap_store(self, storage: types.Type, object_: Raw, offset: Raw, value: Raw) -> None: ...
    def memory_bounds(self, memory: Raw, address: Raw, width: int) -> None: ...
    def memory_load(self, storage: types.Type, memory: Raw, address: Raw) -> Raw: ...
    def memory_store(self, storage: types.Type, memory: Raw, address: Raw, value: Raw) -> None: ...
    def memory_size(self, memory: Raw) -> Raw: ...
    def table_get(self, table: Raw, index: Raw) -> Raw: ...
    def table_set(self, table: Raw, index: Raw, value: Raw) -> None: ...
    def table_size(self, table: Raw) -> Raw: ...
    def function_type(self, index: Raw) -> Raw: ...
    def type_size(self, type_: Raw) -> Raw: ...
    def type_of(self, object_: Raw) -> Raw: ...
    def is_subtype(self, type_: Raw, wanted: Raw) -> Raw: ...
    def implements(self, type_: Raw, wanted: Raw) -> Raw: ...
    def receiver(self, kind: str, owner: Raw, method: Raw) -> Raw: ...
    def method(self, kind: str, type_: Raw, owner: Raw, method: Raw) -> Raw: ...
    def allocate(self, size: Raw, type_: Raw, length: Raw) -> Raw: ...
    def service(self, service: Any, arguments: tuple[Value, ...]) -> Raw: ...
    def jump(self, target: Raw) -> None: ...
    def jump_if(self, condition: Raw, target: Raw) -> None: ...
    def jump_table(self, index: Raw, targets: Raw) -> None: ...
    def invoke(self, named_by: Raw, index: Raw | None) -> None: ...
    def tail_invoke(self, named_by: Raw, index: Raw | None) -> None: ...
    def return_(self) -> None: ...
    def halt(self) -> None: ...


_current: ContextVar[Effects | None] = ContextVar("tblvm_effects", default=None)


def enter(effects: Effects | None) -> Effects | None:
    """Make *effects* the one that opcodes act on in this thread; returns the one before, to restore."""
    before = _current.get()
    _current.set(effects)
    return before


def current() -> Effects:
    """The machine or tracer that opcodes act on. Raises DslError outside of both."""
    effects = _current.get()
    if effects is None:
        raise DslError(
            "an opcode's effects (traps, locals, memory, services, jumps) exist only while the opcode is "
            "traced or run: call it through tblvm.opcodes, not directly"
        )
    return effects


def _no_truth(value: object) -> NoReturn:
    raise DslError(
        f"a {type(value).__name__} has no Python truth value: an opcode has no `if`, `and`, `or`, `not` on "
        "its operands; write condition.select(a, b), trap_if(condition, …), `&`, `|` or `~`"
    )


class Value:
    """A value on the operand stack. Subclasses are the types an opcode's signature can name."""

    __slots__ = ("v",)
    ir: ClassVar[str] = ""

    def __init__(self, v: Raw) -> None:
        self.v = v

    def __bool__(self) -> bool:
        _no_truth(self)

    def __hash__(self) -> int:
        raise DslError("an opcode's operands cannot be keys or members of Python collections")

    def __iter__(self) -> NoReturn:
        raise DslError("an opcode's operands cannot be iterated: the op IR has no loops")

    def __index__(self) -> int:
        raise DslError("an opcode's operand is no Python integer: it has no value while it is traced")

    __int__ = __float__ = __index__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.v!r})"


V = TypeVar("V", bound=Value)


def _lift(cls: type[V], other: object) -> V:
    """*other* as a value of *cls*: itself, or a Python number that is one of the type's values."""
    if isinstance(other, Value):
        if other.ir != cls.ir:
            raise DslError(f"cannot mix {cls.ir} and {other.ir}: convert one of them by name")
        return other if isinstance(other, cls) else cls(other.v)
    if cls.ir in ("i32", "i64") and isinstance(other, int) and not isinstance(other, bool):
        bits = int(cls.ir[1:])
        if not -(1 << (bits - 1)) <= other < 1 << (bits - 1):
            raise DslError(f"{other} is no {cls.ir}: constants are signed and must fit")
        return cls(other)
    if cls.ir in ("f32", "f64") and isinstance(other, (int, float)) and not isinstance(other, bool):
        return cls(encode(cls.ir, float(other)))
    raise DslError(f"{other!r} ({type(other).__name__}) is no {cls.ir or cls.__name__}")


def _apply(name: str, result: type[V], *arguments: Value) -> V:
    for each in arguments:
        if isinstance(each.v, Node):
            return result(current().pure(name, result.ir, arguments))
    value = find(name).value
    assert value is not None, name
    return result(value(*[each.v for each in arguments]))


class boolean(Value):
    """A truth value: what comparisons give, and what `select`, `trap_if` and `jump_if` take."""

    __slots__ = ()
    ir = "i1"

    def __and__(self, other: boolean) -> boolean:
        return _apply("and.i1", boolean, self, _lift(boolean, other))

    def __or__(self, other: boolean) -> boolean:
        return _apply("or.i1", boolean, self, _lift(boolean, other))

    def __invert__(self) -> boolean:
        return _apply("not.i1", boolean, self)

    def select(self, yes: V, no: V | float) -> V:
        """*yes* where this holds, *no* where it does not; both are computed."""
        cls = _plain(yes)
        return _apply(f"select.{yes.ir}", cls, self, _lift(cls, yes), _lift(cls, no))

    def to_i32(self) -> i32:
        """1 or 0."""
        return _apply("to_i32.i1", i32, self)


class _Number(Value):
    """What numbers of every type have. Mixing types is an error; Python numbers are constants."""

    __slots__ = ()

    def _unary(self: V, name: str) -> V:
        return _apply(f"{name}.{self.ir}", _plain(self), self)

    def _binary(self: V, name: str, other: object) -> V:
        return _apply(f"{name}.{self.ir}", _plain(self), self, _lift(_plain(self), other))

    def _compare(self, name: str, other: object) -> boolean:
        return _apply(f"{name}.{self.ir}", boolean, self, _lift(_plain(self), other))

    def _test(self, name: str) -> boolean:
        return _apply(f"{name}.{self.ir}", boolean, self)

    def __add__(self: N, other: N | float) -> N:
        return self._binary("add", other)

    def __sub__(self: N, other: N | float) -> N:
        return self._binary("sub", other)

    def __mul__(self: N, other: N | float) -> N:
        return self._binary("mul", other)

    def __eq__(self, other: object) -> boolean:  # type: ignore[override]
        return self._compare("eq", other)

    def __ne__(self, other: object) -> boolean:  # type: ignore[override]
        return self._compare("ne", other)

    def __lt__(self: N, other: N | float) -> boolean:
        return self._compare("lt", other)

    def __le__(self: N, other: N | float) -> boolean:
        return self._compare("le", other)

    def __gt__(self: N, other: N | float) -> boolean:
        return self._compare("gt", other)

    def __ge__(self: N, other: N | float) -> boolean:
        return self._compare("ge", other)

    def to_f32(self) -> f32:
        """The nearest binary32, ties to even; of an integer read as signed."""
        return _apply(f"to_f32.{self.ir}", f32, self)

    def to_f64(self) -> f64:
        """The nearest binary64, ties to even; of an integer read as signed."""
        return _apply(f"to_f64.{self.ir}", f64, self)

    __hash__ = Value.__hash__


N = TypeVar("N", bound=_Number)


def _plain(value: V) -> type[V]:
    """The class of what is computed from *value*: i32 for an immediate that is an i32."""
    return _PLAIN.get(value.ir, type(value))  # type: ignore[return-value]


class _Integer(_Number):
    """What integers of both widths have: two's complement, wrapping; signed where it matters."""

    __slots__ = ()

    def __neg__(self: G) -> G:
        return _lift(_plain(self), 0)._binary("sub", self)

    def __invert__(self: G) -> G:
        return self._binary("xor", -1)

    def __and__(self: G, other: G | int) -> G:
        return self._binary("and", other)

    def __or__(self: G, other: G | int) -> G:
        return self._binary("or", other)

    def __xor__(self: G, other: G | int) -> G:
        return self._binary("xor", other)

    def __lshift__(self: G, other: G | int) -> G:
        """Left shift; the count of every shift and rotation is taken modulo the width."""
        return self._binary("shl", other)

    def __rshift__(self: G, other: G | int) -> G:
        """Arithmetic shift."""
        return self._binary("shr_s", other)

    def shr_u(self: G, other: G | int) -> G:
        """Logical shift."""
        return self._binary("shr_u", other)

    def rotl(self: G, other: G | int) -> G:
        """Rotation to the left."""
        return self._binary("rotl", other)

    def rotr(self: G, other: G | int) -> G:
        """Rotation to the right."""
        return self._binary("rotr", other)

    def div_wrap(self: G, other: G | int) -> G:
        """Quotient truncated toward zero, MIN / -1 = MIN. The divisor must not be zero: trap first."""
        return self._binary("div", other)

    def rem_wrap(self: G, other: G | int) -> G:
        """Remainder with the dividend's sign, MIN % -1 = 0. The divisor must not be zero: trap first."""
        return self._binary("rem", other)

    def div_u(self: G, other: G | int) -> G:
        """Quotient of unsigned numbers. The divisor must not be zero: trap first."""
        return self._binary("div_u", other)

    def rem_u(self: G, other: G | int) -> G:
        """Remainder of unsigned numbers. The divisor must not be zero: trap first."""
        return self._binary("rem_u", other)

    def clz(self: G) -> G:
        """Zero bits above the highest one bit; the width for 0."""
        return self._unary("clz")

    def ctz(self: G) -> G:
        """Zero bits below the lowest one bit; the width for 0."""
        return self._unary("ctz")

    def popcnt(self: G) -> G:
        """One bits."""
        return self._unary("popcnt")

    def bswap(self: G) -> G:
        """The bytes in reverse order."""
        return self._unary("bswap")

    def bitrev(self: G) -> G:
        """The bits in reverse order."""
        return self._unary("bitrev")

    def extend8(self: G) -> G:
        """The low byte, sign-extended."""
        return self._unary("extend8")

    def extend16(self: G) -> G:
        """The low 16 bits, sign-extended."""
        return self._unary("extend16")

    def lt_u(self: G, other: G | int) -> boolean:
        """Less, both read as unsigned."""
        return self._compare("lt_u", other)

    def le_u(self: G, other: G | int) -> boolean:
        """Less or equal, both read as unsigned."""
        return self._compare("le_u", other)

    def gt_u(self: G, other: G | int) -> boolean:
        """Greater, both read as unsigned."""
        return self._compare("gt_u", other)

    def ge_u(self: G, other: G | int) -> boolean:
        """Greater or equal, both read as unsigned."""
        return self._compare("ge_u", other)

    def add_overflows(self: G, other: G | int) -> boolean:
        """Whether the signed sum needs more bits."""
        return self._compare("add_overflows", other)

    def sub_overflows(self: G, other: G | int) -> boolean:
        """Whether the signed difference needs more bits."""
        return self._compare("sub_overflows", other)

    def mul_overflows(self: G, other: G | int) -> boolean:
        """Whether the signed product needs more bits."""
        return self._compare("mul_overflows", other)

    def u_to_f32(self) -> f32:
        """The nearest binary32 of the number read as unsigned."""
        return _apply(f"u_to_f32.{self.ir}", f32, self)

    def u_to_f64(self) -> f64:
        """The nearest binary64 of the number read as unsigned."""
        return _apply(f"u_to_f64.{self.ir}", f64, self)

    def __floordiv__(self, other: object) -> NoReturn:
        raise DslError("`//` rounds down in Python: write a.div_wrap(b), which truncates toward zero")

    def __mod__(self, other: object) -> NoReturn:
        raise DslError("`%` has the divisor's sign in Python: write a.rem_wrap(b)")


G = TypeVar("G", bound=_Integer)


class i32(_Integer):
    """A 32-bit integer."""

    __slots__ = ()
    ir = "i32"

    def to_i64(self) -> i64:
        """Sign-extended."""
        return _apply("extend_s.i32", i64, self)

    def u_to_i64(self) -> i64:
        """Zero-extended."""
        return _apply("extend_u.i32", i64, self)

    def as_float(self) -> f32:
        """The binary32 with these bits."""
        return _apply("as_f32.i32", f32, self)


class i64(_Integer):
    """A 64-bit integer."""

    __slots__ = ()
    ir = "i64"

    def to_i32(self) -> i32:
        """The low 32 bits."""
        return _apply("wrap.i64", i32, self)

    def extend32(self) -> i64:
        """The low 32 bits, sign-extended."""
        return self._unary("extend32")

    def as_float(self) -> f64:
        """The binary64 with these bits."""
        return _apply("as_f64.i64", f64, self)


class _Float(_Number):
    """What IEEE 754 numbers of both widths have; they round to nearest even."""

    __slots__ = ()

    def __truediv__(self: L, other: L | float) -> L:
        return self._binary("div", other)

    def __neg__(self: L) -> L:
        """The sign inverted, of a NaN too."""
        return self._unary("neg")

    def rem(self: L, other: L | float) -> L:
        """Remainder of the division truncated toward zero: Java's %, C's fmod. Exact."""
        return self._binary("fmod", other)

    def abs(self: L) -> L:
        """The sign cleared, of a NaN too."""
        return self._unary("abs")

    def copysign(self: L, other: L) -> L:
        """This number with the sign of *other*."""
        return self._binary("copysign", other)

    def ceil(self: L) -> L:
        return self._unary("ceil")

    def floor(self: L) -> L:
        return self._unary("floor")

    def trunc(self: L) -> L:
        """Rounded toward zero."""
        return self._unary("trunc")

    def nearest(self: L) -> L:
        """Rounded to an integer, ties to even."""
        return self._unary("nearest")

    def sqrt(self: L) -> L:
        return self._unary("sqrt")

    def min(self: L, other: L) -> L:
        """The smaller one; -0 is below +0; NaN if one of them is."""
        return self._binary("min", other)

    def max(self: L, other: L) -> L:
        """The larger one; +0 is above -0; NaN if one of them is."""
        return self._binary("max", other)

    def is_nan(self) -> boolean:
        return self != self

    def to_i32(self) -> i32:
        """Truncated toward zero, saturating; NaN gives 0."""
        return _apply(f"to_i32.{self.ir}", i32, self)

    def to_u32(self) -> i32:
        """Truncated toward zero, saturating at 0 and 2**32 - 1; NaN gives 0."""
        return _apply(f"to_u32.{self.ir}", i32, self)

    def to_i64(self) -> i64:
        """Truncated toward zero, saturating; NaN gives 0."""
        return _apply(f"to_i64.{self.ir}", i64, self)

    def to_u64(self) -> i64:
        """Truncated toward zero, saturating at 0 and 2**64 - 1; NaN gives 0."""
        return _apply(f"to_u64.{self.ir}", i64, self)

    def fits_i32(self) -> boolean:
        """Whether the number truncated toward zero is an i32."""
        return self._test("fits_i32")

    def fits_u32(self) -> boolean:
        """Whether the number truncated toward zero is an unsigned 32-bit number."""
        return self._test("fits_u32")

    def fits_i64(self) -> boolean:
        """Whether the number truncated toward zero is an i64."""
        return self._test("fits_i64")

    def fits_u64(self) -> boolean:
        """Whether the number truncated toward zero is an unsigned 64-bit number."""
        return self._test("fits_u64")


L = TypeVar("L", bound=_Float)


class f32(_Float):
    """An IEEE 754 binary32."""

    __slots__ = ()
    ir = "f32"

    def bits(self) -> i32:
        """Its bits as an integer."""
        return _apply("bits.f32", i32, self)


class f64(_Float):
    """An IEEE 754 binary64."""

    __slots__ = ()
    ir = "f64"

    def bits(self) -> i64:
        """Its bits as an integer."""
        return _apply("bits.f64", i64, self)


class function(Value):
    """A reference to a function, or null: its index plus one, or 0. The collector has no part in it."""

    __slots__ = ()
    ir = "fn"

    def is_null(self) -> boolean:
        return _apply("eq.fn", boolean, self, function(0))

    def index(self) -> i32:
        """The index of the function. The reference must not be null: trap first."""
        return _apply("index.fn", i32, self)

    def type(self) -> i32:
        """The number of the function's type, as `functype.number` gives it. The reference must not be null:
        trap first."""
        return i32(current().function_type(self.index().v))


_PLAIN: dict[str, type[Value]] = {"i32": i32, "i64": i64, "f32": f32, "f64": f64, "fn": function}

HEADER_BYTES = 8  # of every object: type index 24 bits, collector 8, then 32 bits of length or hash
LENGTH_OFFSET = 4
LATIN1, UTF16 = 7, 14  # type indexes of string objects: the units take a byte or two


class anyref(Value):
    """A reference of any type. Null is 0."""

    __slots__ = ()
    ir = "ref"

    def is_null(self) -> boolean:
        return _apply("eq.ref", boolean, self, anyref(0))

    def same(self, other: anyref) -> boolean:
        """Whether both name the same object, or both are null."""
        return _apply("eq.ref", boolean, self, _lift(anyref, other))

    def length(self) -> i32:
        """The length in the object's header. The reference must not be null: trap first."""
        return i32(current().heap_load(types.I32, self.v, LENGTH_OFFSET))

    def type(self) -> i32:
        """The type index in the object's header; 0 for null."""
        return i32(current().type_of(self.v))


class cells(anyref):
    """A reference to an object of i32 cells (NEW)."""

    __slots__ = ()

    def cell(self, index: i32) -> i32:
        """The cell at *index*, which must be within bounds."""
        return i32(current().heap_load(types.I32, self.v, _element_offset(index, 4).v))

    def set_cell(self, index: i32, value: i32) -> None:
        current().heap_store(types.I32, self.v, _element_offset(index, 4).v, _lift(i32, value).v)


class string(anyref):
    """A reference to an immutable string: UTF-16 units, stored in a byte each where all of them fit."""

    __slots__ = ()

    def unit(self, index: i32) -> i32:
        """The UTF-16 unit at *index*, which must be within bounds."""
        machine = current()
        wide = (self.type() == UTF16).to_i32()
        at = (index << wide) + HEADER_BYTES
        low = i32(machine.heap_load(types.U8, self.v, at.v))
        high = i32(machine.heap_load(types.U8, self.v, (at + wide).v))  # the same byte where there is one
        return low | ((high << 8) & -wide)


def _element_offset(index: i32, size: int) -> i32:
    return (index << (size.bit_length() - 1)) + HEADER_BYTES


E = TypeVar("E", bound=Value)
F = TypeVar("F", bound=Value)
C = TypeVar("C", bound=Value)
T = TypeVar("T", bound=Value)
U = TypeVar("U", bound=Value)
R = TypeVar("R", bound=Value)

# For functions that several pages declare, each for its own type (OpcodeSet's `types` says which).
Int = TypeVar("Int", i32, i64)
Float = TypeVar("Float", f32, f64)

# What each type variable of a signature stands for; others are errors.
VARIABLES: dict[Any, str] = {
    T: "stack",  # any type that a stack slot can have
    U: "stack",
    R: "reference",
    E: "storage",  # the type of an array's elements
    F: "storage",  # the type of a field
    C: "class",
}


def value_class(type_: types.Type) -> type[Value]:
    """The class of values that have *type_* on the operand stack."""
    return anyref if type_.is_reference else _PLAIN[type_.stack]


class array(anyref, Generic[E]):
    """A reference to an array whose elements have type E."""

    __slots__ = ("storage",)

    def __init__(self, v: Raw, storage: types.Type) -> None:
        super().__init__(v)
        self.storage = storage

    def element(self, index: i32) -> E:
        """The element at *index*, which must be within bounds."""
        offset = _element_offset(index, self.storage.size)
        raw = current().heap_load(self.storage, self.v, offset.v)
        return value_class(self.storage)(raw)  # type: ignore[return-value]

    def set_element(self, index: i32, value: E) -> None:
        offset = _element_offset(index, self.storage.size)
        current().heap_store(self.storage, self.v, offset.v, value.v)


class instance(anyref, Generic[C]):
    """A reference to an object of class C."""

    __slots__ = ()

    def get(self, which: field[C, F]) -> F:
        """The field's value. The reference must not be null: trap first."""
        raw = current().heap_load(which.storage, self.v, which.v)
        return value_class(which.storage)(raw)  # type: ignore[return-value]

    def put(self, which: field[C, F], value: F) -> None:
        current().heap_store(which.storage, self.v, which.v, value.v)


class chars(anyref):
    """A reference to an array of u16. As a result, one of the type that the first such operand has."""

    __slots__ = ()


class octets(anyref):
    """A reference to an array of u8. As a result, one of the type that the first such operand has."""

    __slots__ = ()

    def octet(self, index: i32) -> i32:
        """The element at *index*, which must be within bounds: 0 to 255."""
        return i32(current().heap_load(types.U8, self.v, _element_offset(index, 1).v))

    def set_octet(self, index: i32, value: i32) -> None:
        """Sets the element at *index*, which must be within bounds, to the low 8 bits."""
        current().heap_store(types.U8, self.v, _element_offset(index, 1).v, _lift(i32, value).v)


# --- immediates: what stands in the code behind the opcode -------------------------------------------


class Immediate:
    """An immediate operand; subclasses say what its number means."""

    __slots__ = ("storage", "v")

    def __init__(self, v: Raw, storage: types.Type) -> None:
        self.v = v
        self.storage = storage


class imm_s(i32):
    """A plain signed number (signed LEB128): an i32 constant."""

    __slots__ = ()


class imm_u(i32):
    """A plain number from 0 to 2**31 - 1 (unsigned LEB128): an i32 constant."""

    __slots__ = ()


class imm_u32(i32):
    """A plain number from 0 to 2**32 - 1 (unsigned LEB128): an i32 constant, negative from 2**31 on."""

    __slots__ = ()


class local(Immediate, Generic[T]):
    """Index of a parameter or local variable of type T."""

    __slots__ = ()

    def get(self) -> T:
        cls = value_class(self.storage)
        return cls(current().local_get(self.v, cls.ir))  # type: ignore[return-value]

    def set(self, value: T) -> None:
        current().local_set(self.v, value.v)


class pool(Immediate, Generic[T]):
    """Index of an entry of the constant pool."""

    __slots__ = ()

    def get(self) -> T:
        cls = value_class(self.storage)
        return cls(current().pool_get(self.v, cls.ir))  # type: ignore[return-value]


class global_(Immediate, Generic[T]):
    """Index of a global variable of type T."""

    __slots__ = ()

    def get(self) -> T:
        cls = value_class(self.storage)
        return cls(current().global_get(self.v, cls.ir))  # type: ignore[return-value]

    def set(self, value: T) -> None:
        current().global_set(self.v, value.v, self.storage.is_reference)


class target(Immediate):
    """Offset of an instruction from the start of the function."""

    __slots__ = ()


class targets(Immediate):
    """Offsets of instructions, any number and one more, the default. The last of an opcode's immediates:
    a number that says how many stand before the default, then they."""

    __slots__ = ()


class func(Immediate):
    """Index of a function: where the opcode calls it, its stack effect is that function's type."""

    __slots__ = ()

    def reference(self) -> function:
        """A reference to the function."""
        return _apply("function.i32", function, i32(self.v))


class functype(Immediate):
    """Index in the type table of a function type: the opcode's stack effect where it calls a function that is
    found when it runs."""

    __slots__ = ()

    def number(self) -> i32:
        """A number that two function types share exactly when they are equal."""
        return i32(self.v)


class memory(Immediate):
    """Index of a linear memory."""

    __slots__ = ()

    def index(self) -> i32:
        return i32(self.v)

    def size(self) -> i32:
        """How many pages of 64 KiB it has."""
        return i32(current().memory_size(self.v))

    def check(self, address: i64, storage: types.Type) -> None:
        """Trap BAD_ADDRESS unless the bytes of a *storage* at *address* are there. Apart from trap_if, so
        that a plan can leave it to guard pages."""
        current().memory_bounds(self.v, address.v, storage.size)

    def load(self, storage: types.Type, address: i64) -> Any:
        """What stands at *address*, which must have been checked; it need not be aligned."""
        return value_class(storage)(current().memory_load(storage, self.v, address.v))

    def store(self, storage: types.Type, address: i64, value: Value) -> None:
        current().memory_store(storage, self.v, address.v, value.v)


class data(Immediate):
    """Index of a data segment."""

    __slots__ = ()

    def index(self) -> i32:
        return i32(self.v)


class table(Immediate):
    """Index of a table of functions."""

    __slots__ = ()

    def index(self) -> i32:
        return i32(self.v)

    def size(self) -> i32:
        """How many elements it has, as an unsigned number."""
        return i32(current().table_size(self.v))

    def get(self, index: i32) -> function:
        """The element at *index*, which must be within bounds."""
        return function(current().table_get(self.v, index.v))

    def set(self, index: i32, value: function) -> None:
        current().table_set(self.v, index.v, value.v)


class elem(Immediate):
    """Index of an element segment."""

    __slots__ = ()

    def index(self) -> i32:
        return i32(self.v)


class import_(Immediate):
    """Index of an import: a function of the host whose parameters are those of the function with the opcode,
    and whose results are its locals."""

    __slots__ = ()

    def index(self) -> i32:
        return i32(self.v)


class class_(Immediate, Generic[C]):
    """Type code of a class."""

    __slots__ = ()

    def allocate(self) -> instance[C]:
        """A new object of the class, its fields zero. Traps OUT_OF_MEMORY."""
        machine = current()
        size = i32(machine.type_size(self.v)).to_i64()
        return instance(machine.allocate(size.v, self.v, 0))

    def receiver(self, which: method[C]) -> instance[C]:
        """The object that a call of the method is for: its first parameter, below the others on the operand
        stack, where it stays."""
        return instance(current().receiver("class", self.v, which.v))

    def find(self, type_: i32, which: method[C]) -> i32:
        """The function of the method in objects of type index *type_*, which must be those of a subclass."""
        return i32(current().method("class", type_.v, self.v, which.v))


class interface_(Immediate, Generic[C]):
    """Type code of an interface."""

    __slots__ = ()

    def receiver(self, which: method[C]) -> instance[C]:
        """As `class_.receiver`."""
        return instance(current().receiver("interface", self.v, which.v))

    def find(self, type_: i32, which: method[C]) -> i32:
        """The function of the method in objects of type index *type_*, whose class must implement the
        interface."""
        return i32(current().method("interface", type_.v, self.v, which.v))


class method(Immediate, Generic[C]):
    """Slot of a virtual method of class C, or index of a method of interface C: the opcode's stack effect is
    that of calling it on a C."""

    __slots__ = ()


class field(Immediate, Generic[C, F]):
    """Ordinal of a field of type F of class C; when the opcode runs, the field's byte offset."""

    __slots__ = ()


class array_(Immediate, Generic[E]):
    """Type code of an array type with elements of type E."""

    __slots__ = ()

    def allocate(self, length: i32) -> array[E]:
        """A new array of *length* >= 0 zero elements. Traps OUT_OF_MEMORY."""
        size = _array_bytes(length, self.storage.size)
        return array(current().allocate(size.v, self.v, length.v), self.storage)


class reftype(Immediate, Generic[R]):
    """Type code of any reference type."""

    __slots__ = ()

    def null(self) -> R:
        return anyref(0)  # type: ignore[return-value]

    def of(self, reference: anyref) -> R:
        """The reference as one of this type, which it must be: check first."""
        return anyref(reference.v)  # type: ignore[return-value]

    def holds(self, type_: i32) -> boolean:
        """Whether objects of type index *type_* have this type, which is no interface; false for 0, null."""
        return boolean(current().is_subtype(type_.v, self.v))

    def is_implemented(self, type_: i32) -> boolean:
        """Whether objects of type index *type_* implement this type, which is an interface."""
        return boolean(current().implements(type_.v, self.v))


def _array_bytes(length: i32, element: int) -> i64:
    """Bytes of an array object: header and elements, rounded up to 8; in 64 bits, so it cannot wrap."""
    return ((length.to_i64() << (element.bit_length() - 1)) + (HEADER_BYTES + 7)) & -8


# --- effects ----------------------------------------------------------------------------------------


def allocate_cells(length: i32) -> cells:
    """A new object of *length* >= 0 zero cells. Traps OUT_OF_MEMORY."""
    size = _array_bytes(length, 4)
    return cells(current().allocate(size.v, types.CELLS.code, length.v))


def trap_if(condition: boolean, trap: Trap) -> None:
    """Stop the program with *trap* where *condition* holds."""
    if not isinstance(condition, boolean):
        raise DslError(f"trap_if takes a comparison, not {condition!r}")
    current().trap_if(condition.v, trap)


def bounds(index: i32, length: i32) -> None:
    """Trap BAD_INDEX unless 0 <= index < length. Apart from trap_if, so that a plan can do without."""
    current().bounds(_lift(i32, index).v, _lift(i32, length).v)


def jump(to: target) -> None:
    """Go on at *to*."""
    current().jump(to.v)


def jump_if(condition: boolean, to: target) -> None:
    """Go on at *to* where *condition* holds, else with the next instruction."""
    if not isinstance(condition, boolean):
        raise DslError(f"jump_if takes a comparison, not {condition!r}")
    current().jump_if(condition.v, to.v)


def jump_table(index: i32, to: targets) -> None:
    """Go on at the target that *index*, unsigned, selects; where there is none, at the last one."""
    current().jump_table(_lift(i32, index).v, to.v)


def invoke(function: func) -> None:
    """Call *function*: its parameters are the top of the operand stack, its results replace them."""
    current().invoke(function.v, None)


def invoke_at(index: i32, type_: Immediate) -> None:
    """Call function *index* of the module, which must be one of the type that the immediate says: check
    first."""
    current().invoke(type_.v, _lift(i32, index).v)


def tail_invoke(function: func) -> None:
    """Call *function* in place of the present one, whose frame ends: its results are those of this one."""
    current().tail_invoke(function.v, None)


def tail_invoke_at(index: i32, type_: Immediate) -> None:
    """As `invoke_at`, in place of the present function."""
    current().tail_invoke(type_.v, _lift(i32, index).v)


def return_() -> None:
    """Leave the function with its results from the top of the operand stack."""
    current().return_()


def halt() -> None:
    """End the program."""
    current().halt()
