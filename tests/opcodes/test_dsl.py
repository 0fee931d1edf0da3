"""What the opcode language excludes, and what it says about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tblvm.core.verified import Form
from tblvm.opcodes import (
    CORE,
    C,
    DslError,
    E,
    F,
    OpcodeSet,
    Page,
    R,
    T,
    Trap,
    anyref,
    array,
    array_,
    boolean,
    bounds,
    class_,
    f32,
    field,
    func,
    global_,
    halt,
    i32,
    i64,
    imm_s,
    imm_u,
    instance,
    invoke,
    jump,
    jump_if,
    local,
    octets,
    reftype,
    return_,
    service,
    string,
    target,
    trap_if,
)
from tblvm.opcodes import values as dsl
from tblvm.opcodes.primitives import Primitive, define, find, primitives

PAGE = Page("test", 0x70)


@service("tb_move", library="test", effects={"safepoint"})
def moving() -> None: ...


@service("tb_wait", library="test", effects={"may block"})
def waiting(a: i32) -> i32:
    return a


@service("tb_make", library="test", effects={"safepoint"})
def making(a: i32) -> anyref:
    return anyref(0)


@service("tb_quick", library="test")
def quick(a: i32) -> i32:
    return a


def declare(function: Callable[..., Any], *, code: int = 0, name: str = "TEST", **more: Any) -> OpcodeSet:
    op = OpcodeSet(PAGE, library="test")
    op(code, name, **more)(function)
    return op


# Each does one thing that is excluded; the docstring is what the error must say.


def uses_if(a: i32) -> i32:
    """has no Python truth value"""
    return a if a == 0 else a + 1


def uses_and(a: i32, b: i32) -> None:
    """condition.select"""
    trap_if(a == 0 and b == 0, Trap.BAD_INDEX)  # type: ignore[arg-type]


def uses_or(a: i32, b: i32) -> None:
    """trap_if(condition"""
    trap_if(a == 0 or b == 0, Trap.BAD_INDEX)  # type: ignore[arg-type]


def uses_not(a: i32) -> None:
    """no Python truth value"""
    trap_if(not a, Trap.BAD_INDEX)  # type: ignore[arg-type]


def uses_while(a: i32) -> i32:
    """no Python truth value"""
    while a > 0:
        a = a - 1
    return a


def uses_chained_comparison(a: i32) -> None:
    """no Python truth value"""
    trap_if(0 < a < 5, Trap.BAD_INDEX)  # type: ignore[arg-type]


def uses_int(a: i32) -> i32:
    """no Python integer"""
    return i32(int(a))


def uses_float(a: f32) -> f32:
    """no Python integer"""
    return f32(float(a))


def uses_range(a: i32) -> i32:
    """no Python integer"""
    return sum(range(a), i32(0))  # type: ignore[arg-type]


def iterates(a: i32) -> i32:
    """cannot be iterated: the op IR has no loops"""
    for each in a:  # type: ignore[attr-defined]
        a = each
    return a


def unpacks(a: i32) -> i32:
    """cannot be iterated"""
    b, _ = a  # type: ignore[misc]
    return b


def makes_a_key(a: i32) -> i32:
    """cannot be keys or members"""
    return {a: 1}[a]  # type: ignore[return-value]


def asks_a_set(a: i32) -> i32:
    """cannot be keys or members"""
    return a + (a in {1, 2})


def asks_a_list(a: i32) -> i32:
    """no Python truth value"""
    return a + (a in [1, 2])


def mixes_widths(a: i32, b: i64) -> i32:
    """cannot mix i32 and i64: convert one of them by name"""
    return a + b  # type: ignore[operator]


def mixes_kinds(a: f32, b: i32) -> f32:
    """cannot mix f32 and i32"""
    return a * b  # type: ignore[operator]


def compares_kinds(a: i32, b: anyref) -> i32:
    """cannot mix i32 and ref"""
    return (a == b).to_i32()


def adds_text(a: i32) -> i32:
    """'x' (str) is no i32"""
    return a + "x"  # type: ignore[operator]


def adds_a_bool(a: i32) -> i32:
    """True (bool) is no i32"""
    return a + True


def adds_a_float(a: i32) -> i32:
    """1.5 (float) is no i32"""
    return a + 1.5  # type: ignore[operator]


def constant_too_large(a: i32) -> i32:
    """2147483648 is no i32: constants are signed and must fit"""
    return a & 0x80000000


def constant_too_small(a: i32) -> i32:
    """is no i32: constants are signed"""
    return a + -(2**31) - 2**31


def floor_division(a: i32) -> i32:
    """a.div_wrap(b), which truncates toward zero"""
    return a // 2


def percent(a: i32) -> i32:
    """a.rem_wrap(b)"""
    return a % 2


def returns_too_few(a: i32) -> tuple[i32, i32]:
    """returns 1 values and declares 2"""
    return a  # type: ignore[return-value]


def returns_too_many(a: i32) -> i32:
    """returns 2 values and declares 1"""
    return a, a  # type: ignore[return-value]


def returns_something(a: i32) -> None:
    """returns 1 values and declares 0"""
    return a  # type: ignore[return-value]


def returns_nothing(a: i32) -> i32:
    """returns 0 values and declares 1"""


def returns_another_type(a: i32) -> f32:
    """returns i32(<NODE>) where it declares f32"""
    return a  # type: ignore[return-value]


def returns_a_comparison(a: i32) -> i32:
    """where it declares i32"""
    return a == 0  # type: ignore[return-value]


def returns_a_number_as_reference(a: i32) -> anyref:
    """returns 0 where it declares ref"""
    return 0  # type: ignore[return-value]


def returns_text() -> i32:
    """returns 'x' where it declares i32"""
    return "x"  # type: ignore[return-value]


def no_parameter_annotation(a) -> None:  # type: ignore[no-untyped-def]
    """the parameter a needs a type annotation"""


def no_result_annotation(a: i32):  # type: ignore[no-untyped-def]
    """the result needs a type annotation"""


def unknown_annotation(a: nothing) -> None:  # type: ignore[name-defined]  # noqa: F821
    """annotation 'nothing' of a: name 'nothing' is not defined"""


def python_type(a: int) -> None:
    """<class 'int'> is no type of the operand stack"""


def truth_value_operand(a: boolean) -> None:
    """is no type of the operand stack"""


def bare_array(a: array) -> None:  # type: ignore[type-arg]
    """is no type of the operand stack"""


def foreign_variable(a: array[V]) -> None:  # type: ignore[valid-type]
    """is no type variable of opcodes"""


def wrong_variable(a: array[T]) -> None:
    """T stands for another kind of type here; write E or F"""


def wrong_class_variable(a: instance[E]) -> None:
    """write C"""


def wrong_local_variable(index: local[E]) -> None:
    """write T or U"""


def bare_local(index: local) -> None:  # type: ignore[type-arg]
    """local has 1 type variables"""


def field_alone(a: instance[C], which: field[C, F]) -> None:
    """field[…] stands right behind the class_[C] that has it"""


def field_apart(kind: class_[C], to: target, which: field[C, F]) -> None:
    """field[…] stands right behind the class_[C] that has it"""


def unbound_result(a: i32) -> T:  # type: ignore[type-var]
    """nothing says what type variable T of the result stands for"""


def octets_of_nothing(a: i32) -> octets:
    """it gives octets and takes none: a module may have several such types"""
    return octets(a.v)


def unbound_class(a: instance[C]) -> None:
    """nothing before a says what C stands for"""


def value_before_its_array(value: E, object_: array[E]) -> None:
    """nothing before value says what E stands for"""


def star_arguments(*a: i32) -> None:
    """parameters must be plain and positional"""


def keyword_arguments(**a: i32) -> None:
    """parameters must be plain and positional"""


def keyword_only(*, a: i32) -> None:
    """parameters must be plain and positional"""


def traps_on_a_number(a: i32) -> None:
    """trap_if takes a comparison, not i32"""
    trap_if(a, Trap.BAD_INDEX)  # type: ignore[arg-type]


def traps_with_text(a: i32) -> None:
    """trap_if takes a Trap as its second argument, not 'oops'"""
    trap_if(a == 0, "oops")  # type: ignore[arg-type]


def jumps_on_a_number(a: i32, to: target) -> None:
    """jump_if takes a comparison"""
    jump_if(a, to)  # type: ignore[arg-type]


def acts_after_a_jump(a: i32, to: target, index: local[T]) -> None:
    """`jump` must be the last thing an opcode does"""
    jump(to)
    index.set(a)


def traps_after_return(a: i32) -> None:
    """`return` must be the last thing an opcode does"""
    return_()
    trap_if(a == 0, Trap.BAD_INDEX)


def two_jumps(a: i32, to: target) -> None:
    """`jump_if` must be the last thing an opcode does"""
    jump_if(a == 0, to)
    jump(to)


def calls_and_halts(callee: func) -> None:
    """`invoke` must be the last thing an opcode does"""
    invoke(callee)
    halt()


def jumps_to_an_operand(a: i32) -> None:
    """are named by an immediate"""
    jump(target(a.v, None))  # type: ignore[arg-type]


def stores_a_bare_constant(a: i32, index: global_[T]) -> None:
    """a constant cannot be stored here without a type"""
    index.set(i32(1))


def service_with_too_many(a: i32) -> None:
    """service quick takes 1 arguments by position, not 2"""
    quick(a, a)  # type: ignore[call-arg]


def service_by_name(a: i32) -> None:
    """takes 1 arguments by position"""
    quick(a=a)


def service_with_another_type(a: f32) -> None:
    """service quick takes i32 where f32"""
    quick(a)  # type: ignore[arg-type]


def service_with_a_number(a: i32) -> None:
    """service quick takes i32 where 5 is given"""
    quick(5)  # type: ignore[arg-type]


def parameter_after_allocation(a: anyref, count: i32, kind: array_[E]) -> anyref:
    """it uses a reference that it had before `allocate`"""
    kind.allocate(count)
    return a


def parameter_in_operation(a: anyref, kind: class_[C]) -> instance[C]:
    """before `allocate`, while which references may move: read it again"""
    found = kind.allocate()
    trap_if(a.is_null(), Trap.NULL_REFERENCE)
    return found


def object_stored_late(a: instance[C], kind: class_[C], which: field[C, F]) -> None:
    """before `moving`"""
    value = a.get(which)
    moving()
    a.put(which, value)


def loaded_before_blocking(a: i32, index: local[R]) -> tuple[i32, anyref]:
    """stands for another kind of type here"""
    return waiting(a), index.get()  # type: ignore[return-value]


def reference_across_blocking(a: i32, b: anyref) -> tuple[i32, anyref]:
    """before `waiting`"""
    return waiting(a), b


def first_of_two_objects(kind: class_[C]) -> tuple[instance[C], instance[C]]:
    """before `allocate`"""
    return kind.allocate(), kind.allocate()


EXCLUDED = [
    each
    for name, each in list(globals().items())
    if callable(each) and getattr(each, "__module__", "") == __name__ and name not in ("declare",)
    if type(each).__name__ == "function"
]
V = R  # for foreign_variable below


@pytest.mark.parametrize("function", EXCLUDED, ids=lambda each: each.__name__)
def test_excluded(function: Callable[..., Any]) -> None:
    if function is foreign_variable:
        function.__globals__["V"] = dsl.V
    with pytest.raises(DslError) as caught:
        for each in declare(function).declarations:
            for bindings in (
                (),
                (("C", dsl.types.ANY), ("F", dsl.types.ANY)),
                (("E", dsl.types.I32),),
                (("T", dsl.types.I32),),
                (("C", dsl.types.ANY),),
            ):
                if {name for name, _ in bindings} == {name for name, _ in each.signature.domains}:
                    each.graph(bindings)
    wanted = (function.__doc__ or "").strip()
    message = str(caught.value)
    if "<NODE>" in wanted:
        start, end = wanted.split("<NODE>")
        assert start in message and end in message
    else:
        assert wanted in message
    assert function.__name__ in message or "TEST" in message


def test_what_a_reference_may_do_around_a_safepoint() -> None:
    def fine(a: anyref, b: i32, kind: class_[C]) -> tuple[instance[C], i32, anyref]:
        """Uses its parameter before, a comparison of it behind, and null."""
        known = a.is_null()
        made = kind.allocate()
        return made, known.to_i32() + b, anyref(0)

    def passed(a: i32) -> anyref:
        """The safepoint's result is from behind."""
        return making(a)

    def read_again(index: local[T]) -> T:
        """A local is a home slot."""
        index.get()
        moving()
        return index.get()

    declare(fine).declarations[0].graph((("C", dsl.types.ANY),))
    declare(passed)
    declare(read_again).declarations[0].graph((("T", dsl.types.ANY),))


def test_division_of_a_constant_is_refused_both_ways() -> None:
    with pytest.raises(TypeError):
        declare(lambda_of("a: i32", "2 - a"))


def lambda_of(parameter: str, expression: str) -> Callable[..., Any]:
    space = dict(globals())
    exec(f"def made({parameter}) -> i32:\n    'Made.'\n    return {expression}", space)
    return space["made"]  # type: ignore[no-any-return]


def test_declarations() -> None:
    def fine(a: i32) -> i32:
        """Fine."""
        return a

    def undocumented(a: i32) -> i32:
        return a

    def guarded(a: imm_u, b: local[T]) -> None:
        """Has a plain immediate and another."""

    with pytest.raises(DslError, match="TEST: an opcode needs a docstring; it becomes the reference"):
        declare(undocumented)
    for code in (-1, 0x100):
        with pytest.raises(DslError, match="an opcode is a byte"):
            declare(fine, code=code)
    for name in ("lower", "TWO WORDS", "", "1ST"):
        with pytest.raises(DslError, match="an opcode's name is an upper-case identifier"):
            declare(fine, name=name)
    for guard in ("b", "c"):
        with pytest.raises(DslError, match=rf"`when` names {guard}, no plain immediate or reference type"):
            declare(guarded, when={guard: 0})
    [declaration] = declare(guarded, when={"a": 1}).declarations
    assert declaration.doc == "Has a plain immediate and another." and declaration.label == "test.TEST"


def test_effects_exist_only_while_traced_or_run() -> None:
    with pytest.raises(DslError, match="exist only while the opcode is traced or run"):
        trap_if(i32(0) == 0, Trap.BAD_INDEX)
    with pytest.raises(DslError, match="exist only while"):
        bounds(i32(0), i32(1))
    with pytest.raises(DslError, match="exist only while"):
        quick(i32(1))


def test_services() -> None:
    with pytest.raises(DslError, match=r"service model: unknown effects \['sings'\]"):

        @service("tb_x", library="test", effects={"sings"})
        def model() -> None: ...

    with pytest.raises(DslError, match="service number: a must be a value type, not <class 'int'>"):

        @service("tb_x", library="test")
        def number(a: int) -> None: ...  # type: ignore[type-var]

    with pytest.raises(DslError, match="service answer: return must be a value type"):

        @service("tb_x", library="test")  # type: ignore[arg-type]
        def answer() -> str: ...  # type: ignore[empty-body]

    with pytest.raises(DslError, match="the result needs a type annotation"):

        @service("tb_x", library="test")
        def untyped(a: i32): ...  # type: ignore[no-untyped-def]

    assert (quick.parameters, quick.result, quick.effects) == (("i32",), "i32", frozenset())
    assert (making.parameters, making.result) == (("i32",), "ref")


def test_traps() -> None:
    for name in ("lower", "TWO WORDS", ""):
        with pytest.raises(ValueError, match="needs an upper-case identifier"):
            Trap(name, "text")
    for message in ("", "a\nb", "café"):
        with pytest.raises(ValueError, match="must be printable ASCII"):
            Trap("TEST_TRAP", message)
    with pytest.raises(ValueError, match="exists already with another meaning"):
        Trap("DIVIDE_BY_ZERO", "something else")
    with pytest.raises(ValueError, match="exists already"):
        Trap("DIVIDE_BY_ZERO", Trap.DIVIDE_BY_ZERO.message, status=1)
    again = Trap("DIVIDE_BY_ZERO", Trap.DIVIDE_BY_ZERO.message)
    assert again == Trap.DIVIDE_BY_ZERO and hash(again) == hash(Trap.DIVIDE_BY_ZERO)
    assert again != Trap.BAD_INDEX and again != "DIVIDE_BY_ZERO" and repr(again) == "Trap.DIVIDE_BY_ZERO"


def test_primitives_are_unique() -> None:
    with pytest.raises(ValueError, match=r"add\.i32 is defined twice"):
        define(Primitive("add.i32", ("i32", "i32"), "i32"))
    assert primitives()["add.i32"] is find("add.i32")
    with pytest.raises(KeyError):
        find("nothing")


def test_values_show_themselves() -> None:
    assert repr(i32(5)) == "i32(5)" and repr(string(0)) == "string(0)"
    assert repr(imm_s(-1)) == "imm_s(-1)"
    assert CORE.prefix == -1
    assert reftype(0, dsl.types.ANY).null().v == 0


@pytest.mark.parametrize("effect", ["may block", "safepoint"])
def test_a_service_that_is_a_safepoint_takes_references_from_their_slots_only(effect: str) -> None:
    @service("tb_x", library="x", effects={effect})
    def keep(object_: anyref) -> anyref:
        return object_

    op = OpcodeSet(Page("p"), library="x")

    @op(0, "TWICE")
    def twice(object_: anyref) -> anyref:
        """Its operand's slot is a root: it can be given again, whatever has moved."""
        keep(object_)
        return keep(object_)

    form = Form(op.declarations[0], ())
    assert form.keeps_operands and keep.takes_homes
    with pytest.raises(DslError, match="must be an operand of the opcode as it came"):

        @op(1, "COMPUTED")
        def computed(index: local[T]) -> anyref:
            """What it read from a local has no slot on the stack."""
            return keep(anyref(index.get().v))

        op.declarations[-1].graph((("T", dsl.types.ANY),))
