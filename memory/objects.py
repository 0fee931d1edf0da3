"""Page `object`: classes, interfaces, arrays of any type, references."""

from __future__ import annotations

from ..opcodes import (
    C,
    E,
    F,
    OpcodeSet,
    Page,
    R,
    Trap,
    anyref,
    array,
    array_,
    bounds,
    class_,
    field,
    i32,
    instance,
    interface_,
    invoke_at,
    jump_if,
    method,
    reftype,
    target,
    trap_if,
)

OBJECT = Page("object", prefix=0x64)
op = OpcodeSet(OBJECT, library="object", later=True)


@op(0x00, "NEWOBJ")
def new_object(kind: class_[C]) -> instance[C]:
    """A new object of the class, all fields zero or null. Traps OUT_OF_MEMORY."""
    return kind.allocate()


@op(0x01, "GETFIELD")
def get_field(object_: instance[C], kind: class_[C], which: field[C, F]) -> F:
    """The value of a field. Traps NULL_REFERENCE."""
    trap_if(object_.is_null(), Trap.NULL_REFERENCE)
    return object_.get(which)


@op(0x02, "PUTFIELD")
def put_field(object_: instance[C], value: F, kind: class_[C], which: field[C, F]) -> None:
    """Sets a field; a narrow one keeps the low bits. Traps NULL_REFERENCE."""
    trap_if(object_.is_null(), Trap.NULL_REFERENCE)
    object_.put(which, value)


@op(0x03, "NEWARRAY")
def new_array(count: i32, kind: array_[E]) -> array[E]:
    """A new array, all elements zero or null. Traps NEGATIVE_SIZE and OUT_OF_MEMORY."""
    trap_if(count < 0, Trap.NEGATIVE_SIZE)
    return kind.allocate(count)


@op(0x04, "ALOAD")
def array_load(object_: array[E], index: i32) -> E:
    """An element. Traps NULL_REFERENCE and BAD_INDEX."""
    trap_if(object_.is_null(), Trap.NULL_REFERENCE)
    bounds(index, object_.length())
    return object_.element(index)


@op(0x05, "ASTORE")
def array_store(object_: array[E], index: i32, value: E) -> None:
    """Sets an element; a narrow one keeps the low bits. Traps NULL_REFERENCE and BAD_INDEX."""
    trap_if(object_.is_null(), Trap.NULL_REFERENCE)
    bounds(index, object_.length())
    object_.set_element(index, value)


@op(0x06, "ALENGTH")
def array_length(object_: array[E]) -> i32:
    """The number of elements. Traps NULL_REFERENCE."""
    trap_if(object_.is_null(), Trap.NULL_REFERENCE)
    return object_.length()


@op(0x07, "NULL")
def null(kind: reftype[R]) -> R:
    """The null reference, with the type named."""
    return kind.null()


@op(0x08, "ISNULL")
def is_null(a: anyref) -> i32:
    """1 if the reference is null, else 0."""
    return a.is_null().to_i32()


@op(0x09, "REFEQ")
def same(a: anyref, b: anyref) -> i32:
    """1 if both name the same object or are null, else 0."""
    return a.same(b).to_i32()


@op(0x0A, "REFNE")
def different(a: anyref, b: anyref) -> i32:
    """0 if both name the same object or are null, else 1."""
    return (~a.same(b)).to_i32()


@op(0x0B, "JNULL")
def jump_null(a: anyref, to: target) -> None:
    """Goes on at the target if the reference is null."""
    jump_if(a.is_null(), to)


@op(0x0C, "JNONNULL")
def jump_non_null(a: anyref, to: target) -> None:
    """Goes on at the target if the reference is not null."""
    jump_if(~a.is_null(), to)


@op(0x0D, "INVOKEVIRTUAL")
def invoke_virtual(kind: class_[C], which: method[C]) -> None:
    """Calls a virtual method: the function that the object's own class has for it. Takes its parameters, of
    which the object is the first, from the operand stack, leaves its results there.

    Traps NULL_REFERENCE, and STACK_OVERFLOW when the callee's frame does not fit.
    """
    object_ = kind.receiver(which)
    trap_if(object_.is_null(), Trap.NULL_REFERENCE)
    invoke_at(kind.find(object_.type(), which), which)


@op(0x0E, "INVOKEINTERFACE")
def invoke_interface(kind: interface_[C], which: method[C]) -> None:
    """Calls a method of an interface, as INVOKEVIRTUAL does one of a class."""
    object_ = kind.receiver(which)
    trap_if(object_.is_null(), Trap.NULL_REFERENCE)
    invoke_at(kind.find(object_.type(), which), which)


@op(0x0F, "INSTANCEOF", when={"wanted": "interface"})
def implements(a: anyref, wanted: reftype[R]) -> i32:
    """1 if the reference is not null and its object has the type, else 0: for an interface."""
    return wanted.is_implemented(a.type()).to_i32()


@op(0x0F, "INSTANCEOF")
def instance_of(a: anyref, wanted: reftype[R]) -> i32:
    """For any other reference type."""
    return wanted.holds(a.type()).to_i32()


@op(0x10, "CAST", when={"wanted": "interface"})
def cast_interface(a: anyref, wanted: reftype[R]) -> R:
    """The reference with another type: null stays null. Traps CLASS_CAST unless the object has the type. For
    an interface."""
    trap_if(~(a.is_null() | wanted.is_implemented(a.type())), Trap.CLASS_CAST)
    return wanted.of(a)


@op(0x10, "CAST")
def cast(a: anyref, wanted: reftype[R]) -> R:
    """For any other reference type."""
    trap_if(~(a.is_null() | wanted.holds(a.type())), Trap.CLASS_CAST)
    return wanted.of(a)
