"""What each instruction of WebAssembly takes and gives, and the opcode that does the same.

An instruction with the prefix 0xFC has the number 0x100 + its opcode behind the prefix.
"""

from __future__ import annotations

from .model import F32, F64, I32, I64, Types

# opcode of WebAssembly -> (operands, results, opcode here)
Plain = dict[int, tuple[Types, Types, str]]


def _row(first: int, operands: Types, results: Types, names: str) -> Plain:
    """Instructions in a row, all of one type."""
    return {first + at: (operands, results, name) for at, name in enumerate(names.split())}


# Instructions that have no immediates and no say in where control goes on.
PLAIN: Plain = {
    **_row(0x45, (I32,), (I32,), "EQZ"),
    **_row(0x46, (I32, I32), (I32,), "EQ NE LT LTU GT GTU LE LEU GE GEU"),
    **_row(0x50, (I64,), (I32,), "LEQZ"),
    **_row(0x51, (I64, I64), (I32,), "LEQ LNE LLT LLTU LGT LGTU LLE LLEU LGE LGEU"),
    **_row(0x5B, (F32, F32), (I32,), "FEQ FNE FLT FGT FLE FGE"),
    **_row(0x61, (F64, F64), (I32,), "DEQ DNE DLT DGT DLE DGE"),
    **_row(0x67, (I32,), (I32,), "CLZ CTZ POPCNT"),
    **_row(0x6A, (I32, I32), (I32,), "ADD SUB MUL DIV_EXACT DIVU MOD MODU AND OR XOR SHL SHR SHRU ROTL ROTR"),
    **_row(0x79, (I64,), (I64,), "LCLZ LCTZ LPOPCNT"),
    **_row(
        0x7C,
        (I64, I64),
        (I64,),
        "LADD LSUB LMUL LDIV_EXACT LDIVU LMOD LMODU LAND LOR LXOR LSHL LSHR LSHRU LROTL LROTR",
    ),
    **_row(0x8B, (F32,), (F32,), "FABS FNEG FCEIL FFLOOR FTRUNC FNEAREST FSQRT"),
    **_row(0x92, (F32, F32), (F32,), "FADD FSUB FMUL FDIV FMIN FMAX FCOPYSIGN"),
    **_row(0x99, (F64,), (F64,), "DABS DNEG DCEIL DFLOOR DTRUNC DNEAREST DSQRT"),
    **_row(0xA0, (F64, F64), (F64,), "DADD DSUB DMUL DDIV DMIN DMAX DCOPYSIGN"),
    0xA7: ((I64,), (I32,), "L2I"),
    **_row(0xA8, (F32,), (I32,), "F2I_EXACT F2U_EXACT"),
    **_row(0xAA, (F64,), (I32,), "D2I_EXACT D2U_EXACT"),
    **_row(0xAC, (I32,), (I64,), "I2L U2L"),
    **_row(0xAE, (F32,), (I64,), "F2L_EXACT F2UL_EXACT"),
    **_row(0xB0, (F64,), (I64,), "D2L_EXACT D2UL_EXACT"),
    **_row(0xB2, (I32,), (F32,), "I2F U2F"),
    **_row(0xB4, (I64,), (F32,), "L2F UL2F"),
    0xB6: ((F64,), (F32,), "D2F"),
    **_row(0xB7, (I32,), (F64,), "I2D U2D"),
    **_row(0xB9, (I64,), (F64,), "L2D UL2D"),
    0xBB: ((F32,), (F64,), "F2D"),
    0xBC: ((F32,), (I32,), "F2BITS"),
    0xBD: ((F64,), (I64,), "D2BITS"),
    0xBE: ((I32,), (F32,), "BITS2F"),
    0xBF: ((I64,), (F64,), "BITS2D"),
    # sign extension
    **_row(0xC0, (I32,), (I32,), "EXTEND8 EXTEND16"),
    **_row(0xC2, (I64,), (I64,), "LEXTEND8 LEXTEND16 LEXTEND32"),
    # saturating conversions
    **_row(0x100, (F32,), (I32,), "F2I F2U"),
    **_row(0x102, (F64,), (I32,), "D2I D2U"),
    **_row(0x104, (F32,), (I64,), "F2L F2UL"),
    **_row(0x106, (F64,), (I64,), "D2L D2UL"),
}

# Loads and stores: what they take and give, the opcode, and the greatest alignment as a power of 2.
MEMORY: dict[int, tuple[Types, Types, str, int]] = {
    0x28: ((I32,), (I32,), "I32_LOAD", 2),
    0x29: ((I32,), (I64,), "I64_LOAD", 3),
    0x2A: ((I32,), (F32,), "F32_LOAD", 2),
    0x2B: ((I32,), (F64,), "F64_LOAD", 3),
    0x2C: ((I32,), (I32,), "I32_LOAD8_S", 0),
    0x2D: ((I32,), (I32,), "I32_LOAD8_U", 0),
    0x2E: ((I32,), (I32,), "I32_LOAD16_S", 1),
    0x2F: ((I32,), (I32,), "I32_LOAD16_U", 1),
    0x30: ((I32,), (I64,), "I64_LOAD8_S", 0),
    0x31: ((I32,), (I64,), "I64_LOAD8_U", 0),
    0x32: ((I32,), (I64,), "I64_LOAD16_S", 1),
    0x33: ((I32,), (I64,), "I64_LOAD16_U", 1),
    0x34: ((I32,), (I64,), "I64_LOAD32_S", 2),
    0x35: ((I32,), (I64,), "I64_LOAD32_U", 2),
    0x36: ((I32, I32), (), "I32_STORE", 2),
    0x37: ((I32, I64), (), "I64_STORE", 3),
    0x38: ((I32, F32), (), "F32_STORE", 2),
    0x39: ((I32, F64), (), "F64_STORE", 3),
    0x3A: ((I32, I32), (), "I32_STORE8", 0),
    0x3B: ((I32, I32), (), "I32_STORE16", 1),
    0x3C: ((I32, I64), (), "I64_STORE8", 0),
    0x3D: ((I32, I64), (), "I64_STORE16", 1),
    0x3E: ((I32, I64), (), "I64_STORE32", 2),
}

# A comparison and the branch behind it are one instruction here: for the case that it holds, and that not.
COMPARE_AND_BRANCH: dict[int, tuple[str, str]] = {
    0x45: ("JZ", "JNZ"),
    0x46: ("JEQ", "JNE"),
    0x47: ("JNE", "JEQ"),
    0x48: ("JLT", "JGE"),
    0x49: ("JLTU", "JGEU"),
    0x4A: ("JGT", "JLE"),
    0x4C: ("JLE", "JGT"),
    0x4E: ("JGE", "JLT"),
    0x4F: ("JGEU", "JLTU"),
    0x51: ("JLEQ", "JLNE"),
    0x52: ("JLNE", "JLEQ"),
    0x53: ("JLLT", "JLGE"),
    0x54: ("JLLTU", "JLGEU"),
    0x55: ("JLGT", "JLLE"),
    0x57: ("JLLE", "JLGT"),
    0x59: ("JLGE", "JLLT"),
    0x5A: ("JLGEU", "JLLTU"),
}
