"""resolve: pins, restrictions, conflicts, ties, options."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pluggy
import pytest

from tblvm.builder.artifacts import Kind
from tblvm.builder.need import Asked, Need
from tblvm.builder.resolve import Plan, Request, resolve
from tblvm.core import hookspecs
from tblvm.core.errors import PolicyError, UsageError
from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary, Mode, Option
from tblvm.core.registry import Registry, load

Plans = Callable[..., Plan]


def names(plan: Plan) -> set[str]:
    return {library.name for library in plan.libraries}


# --- features -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("feature", ["gc", "gc.marksweep", "collector"])
def test_a_group_a_variant_and_an_interface_bring_the_collector(plans: Plans, feature: str) -> None:
    plan = plans("cells.tba", features=(feature,))
    assert plan.interfaces["collector"] == "gc.marksweep"
    assert plan.interfaces["heap"] == "gc.marksweep"
    assert any(reason.startswith(f"--features {feature}") for reason in plan.reasons["gc.marksweep"])


def test_without_features_the_smallest_allocator_is_taken(plans: Plans) -> None:
    assert plans("cells.tba").interfaces["heap"] == "memory.bump"
    assert "collector" not in plans("cells.tba").interfaces


def test_a_pinned_variant_wins_over_a_smaller_one(plans: Plans) -> None:
    assert plans("cells.tba", features=("memory.freelist",)).interfaces["heap"] == "memory.freelist"


def test_a_group_of_libraries_that_complement_each_other_comes_as_a_whole(plans: Plans) -> None:
    assert {"io.input", "io.output"} <= names(plans("halt.tba", features=("io",)))


def test_a_group_does_not_bring_what_only_completes_a_combination(plans: Plans) -> None:
    assert "memory.global-roots" not in names(plans("halt.tba", features=("memory",)))
    assert "gc.marksweep" not in names(plans("halt.tba", features=("memory",)))


def test_what_completes_a_combination_comes_when_all_of_it_is_there(plans: Plans) -> None:
    assert "memory.global-roots" in names(plans("halt.tba", features=("memory.globals", "gc")))
    assert "memory.global-roots" not in names(plans("halt.tba", features=("memory.globals",)))


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"features": ("gcc",)}, "no feature is called gcc; did you mean gc?"),
        ({"features": ("gc.marksweap",)}, "no feature is called gc.marksweap; did you mean gc.marksweep?"),
        ({"only": ("cor",)}, "no feature is called cor; did you mean core?"),
        ({"deny": ("stacks",)}, "no feature is called stacks; did you mean stack?"),
        ({"mode": "nan"}, "no mode is called nan; did you mean nano?"),
        ({"engine": "swich"}, "no engine is called swich; did you mean switch?"),
        ({"target": "x86_64-linx"}, "no target is called x86_64-linx; did you mean x86_64-linux?"),
        ({"options": {"heep": 1}}, "no option is called heep; did you mean heap?"),
        ({"engine": "zzz"}, "no engine is called zzz; there are: aot, switch, threaded"),
    ],
)
def test_unknown_names_are_errors_with_a_suggestion(
    plans: Plans, request_: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError) as error:
        plans("halt.tba", **request_)
    assert str(error.value) == message
    assert error.value.status == 2


# --- restrictions -------------------------------------------------------------------------------------


def refused(plans: Plans, name: str, **request: object) -> str:
    with pytest.raises(PolicyError) as error:
        plans(name, **request)
    assert error.value.status == 4
    return str(error.value)


def test_only_names_the_first_instruction_that_needs_more(plans: Plans) -> None:
    assert refused(plans, "hello.tba", only=("core",)) == (
        "io.output is needed for main (hello.tba:3) → PRINT, but --only core leaves it out; "
        "allow it, or change the program"
    )


def test_deny_names_the_first_instruction_that_needs_it(plans: Plans) -> None:
    message = refused(plans, "divide.tba", deny=("traps",))
    assert message.startswith(
        "traps is needed for quotient (divide.tba:4) → DIV → trap: integer divide by zero, but"
    )
    assert "--deny traps excludes it" in message


def test_deny_shows_the_whole_chain(plans: Plans) -> None:
    message = refused(plans, "boxes.tba", deny=("walk",))
    assert "walk is needed for the module assumes a collector → collector → gc.marksweep, but" in message


def test_a_mode_denies_too(plans: Plans) -> None:
    message = refused(plans, "boxes.tba", mode="nano")
    assert "mode nano does without" in message


def test_only_never_leaves_out_what_every_runtime_has(plans: Plans) -> None:
    plan = plans("halt.tba", only=("core",))
    every = {"core", "core.entry", "core.switch", "stack", "rt", "rt.standard", "platform.x86_64-linux"}
    assert every == names(plan)


def test_libraries_that_are_welcome_are_left_out_when_excluded(plans: Plans) -> None:
    assert "stack.trace" in names(plans("divide.tba"))
    assert "stack.trace" not in names(plans("divide.tba", deny=("stack.trace",)))
    assert "stack.trace" in names(plans("divide.tba", only=("core", "stack")))


def test_another_variant_takes_the_place_of_a_denied_one(plans: Plans) -> None:
    assert plans("cells.tba", deny=("memory.bump",)).interfaces["heap"] == "memory.freelist"


def test_free_and_a_collector_are_refused_with_both_reasons(plans: Plans) -> None:
    for feature in ("gc", "gc.marksweep"):
        message = refused(plans, "free.tba", features=(feature,))
        assert "main (free.tba:3) → FREE" in message
        assert f"--features {feature}" in message
        assert "gc.marksweep" in message and "memory.freelist" in message


# --- ties ---------------------------------------------------------------------------------------------

HERE = Path(__file__).parent


def registry_of(*libraries: MicroLibrary) -> Registry:
    """The built-in registry's engine and target, and nothing but these libraries."""
    module = ModuleType("made_for_a_test")
    built_in = load(autoload=False)
    for hook, value in (
        ("tblvm_micro_libraries", list(libraries)),
        ("tblvm_engines", list(built_in.engines.values())),
        ("tblvm_targets", list(built_in.targets.values())),
        ("tblvm_modes", [Mode("default", "")]),
    ):
        implementation = (lambda given: lambda: given)(value)
        implementation.__name__ = hook
        setattr(module, hook, hookimpl(implementation))
    manager = pluggy.PluginManager("tblvm")
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    return Registry(manager, ())


def library(name: str, **more: object) -> MicroLibrary:
    return MicroLibrary(name=name, doc="", room=HERE, **more)  # type: ignore[arg-type]


BARE = Kind("bare", "nothing in particular", (), ())
FOUNDATION = (
    library("core.switch", provides=("dispatch",)),
    library("platform.x86_64-linux", provides=("platform",)),
)


def chosen(*libraries: MicroLibrary, want: str = "thing", **request: object) -> Plan:
    need = Need({}, (Asked(want, ("the test",)),), (), (), 0, 0, 0)
    return resolve(need, registry_of(*FOUNDATION, *libraries), Request(artifact=BARE, **request))  # type: ignore[arg-type]


def test_ties_go_to_the_fewest_bytes_then_to_the_name() -> None:
    big, small = library("a", provides=("thing",), size=9), library("z", provides=("thing",), size=8)
    assert chosen(big, small).interfaces["thing"] == "z"
    assert chosen(small, big).interfaces["thing"] == "z"
    same = dataclasses.replace(small, name="m")
    assert chosen(small, same, big).interfaces["thing"] == "m"


def test_what_is_there_already_fills_an_interface_before_anything_smaller() -> None:
    there = library("big", provides=("thing",), size=99)
    asker = library("asker", requires=("thing", "big"))
    plan = chosen(there, asker, library("small", provides=("thing",), size=1), want="asker")
    assert plan.interfaces["thing"] == "big"
    assert plan.reasons["big"] == ("the test → asker → big", "the test → asker → thing → big")


def test_an_interface_that_nothing_fills_is_said_with_its_chain() -> None:
    with pytest.raises(
        UsageError, match="nothing installed provides thing, which is needed: the test → asker"
    ):
        chosen(library("asker", requires=("thing",)), want="asker")


def test_libraries_that_exclude_each_other_are_refused_with_both_reasons() -> None:
    one = library("one", requires=("two",), conflicts=("two",))
    with pytest.raises(
        PolicyError, match=r"one and two exclude each other\. one: the test.*; two: the test → one"
    ):
        chosen(one, library("two"), want="one")


def test_two_libraries_asked_by_name_cannot_fill_one_interface() -> None:
    asker = library("asker", requires=("one", "two"))
    one, two = library("one", provides=("thing",)), library("two", provides=("thing",))
    with pytest.raises(PolicyError, match="one and two both provide thing"):
        chosen(asker, one, two, want="asker")


# --- options ------------------------------------------------------------------------------------------


def test_values_come_from_default_mode_module_and_request_in_this_order(
    plans: Plans, registry: Registry
) -> None:
    plan = plans("cells.tba")
    assert (plan.options["stack"], plan.origins["stack"]) == (65536, "default")
    plan = plans("cells.tba", options={"stack": 99})
    assert (plan.options["stack"], plan.origins["stack"]) == (99, "asked for")
    thing = library("thing", options=(Option("stack", 5, "number", "TB_X", ""),))
    need = Need({}, (Asked("thing", ("the test",)),), (), (), 0, 77, 0)
    made = resolve(need, registry_of(*FOUNDATION, thing), Request(artifact=BARE))
    assert (made.options["stack"], made.origins["stack"]) == (77, "the module")


@pytest.mark.parametrize(
    ("asked", "value", "origin"),
    [
        ({}, 0, "default"),
        ({"mode": "nano"}, 0, "default"),
        ({"mode": "standard"}, 1, "mode standard"),
        ({"engine": "threaded"}, 1, "engine threaded"),
        ({"engine": "aot"}, 1, "engine aot"),
        ({"engine": "aot", "options": {"copy.wide": 0}}, 0, "asked for"),
    ],
)
def test_modes_and_engines_for_speed_have_fast_options(
    plans: Plans, asked: dict[str, object], value: int, origin: str
) -> None:
    plan = plans("halt.tba", **asked)
    assert (plan.options["copy.wide"], plan.origins["copy.wide"]) == (value, origin)


def test_an_option_brings_its_library(plans: Plans) -> None:
    plan = plans("halt.tba", options={"fuel": 10})
    assert plan.options["fuel"] == 10
    assert plan.reasons["core.fuel"][0] == "option fuel → core.fuel"


@pytest.mark.parametrize("value", [3, 0x10000001])
def test_values_out_of_range_are_errors(plans: Plans, value: int) -> None:
    with pytest.raises(UsageError, match=f"option stack must be 4 to 268435456, not {value}"):
        plans("halt.tba", options={"stack": value})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("four!", "option note must have 2 to 4 bytes"),
        ("äö", ""),
        ("ä\u20ac", "option note must have 2 to 4 bytes"),
        ("", "option note must have 2 to 4 bytes"),
        (4, "option note is a text, not 4"),
    ],
)
def test_texts_have_a_length_in_bytes(value: int | str, message: str) -> None:
    note = Option("note", "none", "text", "TB_NOTE", "", minimum=2, maximum=4, enables=True)
    libraries = registry_of(*FOUNDATION, library("noted", options=(note,)))
    need = Need({}, (), (), (), 0, 0, 0)
    if not message:
        assert (
            resolve(need, libraries, Request(artifact=BARE, options={"note": value})).options["note"] == value
        )
        return
    with pytest.raises(UsageError, match=message):
        resolve(need, libraries, Request(artifact=BARE, options={"note": value}))


def test_the_stack_holds_the_frame_of_the_entry_point(plans: Plans) -> None:
    with pytest.raises(
        UsageError, match="a stack of 4 cells does not hold the entry point's frame: it needs 5"
    ):
        plans("cells.tba", options={"stack": 4})
    assert plans("cells.tba", options={"stack": 5}).options["stack"] == 5
