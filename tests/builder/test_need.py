"""need: what a program asks for, and the first instruction that asks for it."""

from __future__ import annotations

from collections.abc import Callable

from tblvm.builder.need import Need

Needs = Callable[[str], Need]


def asked(need: Need) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in need.asked:
        found.setdefault(each.name, []).append(each.because)
    return found


def test_each_form_is_counted_with_its_first_place(needs: Needs) -> None:
    uses = {use.form.name: (count, str(place)) for use, (count, place) in needs("divide.tba").uses.items()}
    assert uses == {
        "LOAD(T=i32)": (1, "quotient (divide.tba:2)"),
        "PUSH": (2, "quotient (divide.tba:3)"),
        "DIV": (1, "quotient (divide.tba:4)"),
        "RET": (2, "quotient (divide.tba:5)"),
        "CALL": (1, "main (divide.tba:9)"),
    }


def test_libraries_services_and_interfaces_follow_from_the_code(needs: Needs) -> None:
    found = asked(needs("hello.tba"))
    assert set(found) == {"core", "io.output"}
    assert found["io.output"] == ["main (hello.tba:3) → PRINT"]
    assert [each.name for each in needs("hello.tba").services] == ["print_string"]
    assert "cage" in asked(needs("cells.tba"))


def test_what_can_trap_asks_for_a_report_and_says_which_instruction(needs: Needs) -> None:
    need = needs("divide.tba")
    assert [trap.name for trap in need.traps] == ["DIVIDE_BY_ZERO", "STACK_OVERFLOW"]
    assert asked(need)["traps"] == [
        "quotient (divide.tba:4) → DIV → trap: integer divide by zero",
        "main (divide.tba:9) → CALL → trap: stack overflow",
    ]


def test_what_cannot_trap_asks_for_no_report(needs: Needs) -> None:
    assert needs("hello.tba").traps == ()
    assert "traps" not in asked(needs("hello.tba"))


def test_the_collector_is_asked_for_by_the_module(needs: Needs) -> None:
    assert asked(needs("boxes.tba"))["collector"] == ["the module assumes a collector"]


def test_the_frame_of_the_entry_point_is_measured(needs: Needs) -> None:
    assert needs("halt.tba").entry_cells == 2  # the link
    assert needs("cells.tba").entry_cells == 2 + 3
