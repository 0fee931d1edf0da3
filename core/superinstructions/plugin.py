"""Hook implementations: what counts the register code that a program executes."""

from __future__ import annotations

from pathlib import Path

from ..hookspecs import hookimpl
from ..parts import MicroLibrary
from .options import PROFILE_TO

ROOM = Path(__file__).parent


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="core.counting",
            doc="counts what register code executes, for profiles",
            room=ROOM,
            size=1000,
            provides=("counting",),
            requires=("register-code", "platform"),
            sources=("c/counting.c",),
            headers=("c",),
            include=("tb_counting.h",),
            store="u64 *count_executed, *count_taken, *count_calls;\nu16 *count_numbers;",
            macros={"TB_COUNTING": "1"},
            on_start=("tb_counting_start",),
            on_finish=("tb_counting_finish",),
            options=(PROFILE_TO,),
        )
    ]
