"""What this room registers."""

from __future__ import annotations

from pathlib import Path

from ...opcodes import OpcodeSet
from ..hookspecs import hookimpl
from ..parts import MicroLibrary
from . import doubles, floats, integers, ints, longs, singles  # noqa: F401  (they declare)
from .family import double_op, float_op, int_op, long_op

_ROOM = Path(__file__).parent


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [int_op, long_op, double_op, float_op]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(name="int", doc="opcodes for 32-bit integers beside the core page's", room=_ROOM),
        MicroLibrary(name="long", doc="opcodes for 64-bit integers", room=_ROOM),
        MicroLibrary(name="double", doc="opcodes for binary64 numbers", room=_ROOM, requires=("support",)),
        MicroLibrary(
            name="float",
            doc="opcodes for binary32 numbers beside the core page's",
            room=_ROOM,
            requires=("support",),
        ),
        MicroLibrary(
            name="nan.canonical",
            doc="every NaN that arithmetic makes has the same bits, in every engine and on every target",
            room=_ROOM,
            macros={"TB_NAN_F32(x)": "tb_canonical_f32(x)", "TB_NAN_F64(x)": "tb_canonical_f64(x)"},
        ),
    ]
