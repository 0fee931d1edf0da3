"""The types that cells, fields and array elements can have.

A type is named in modules by a *type code*, an unsigned 32-bit number:

    code      meaning
    0         no type (so that a zeroed row is never valid)
    1 .. 4    i32 i64 f32 f64                      on the operand stack as themselves
    5 .. 7    any cells string                     references that need no declaration
    8         function: a function reference or null; no heap reference, so never an `any`
    9         kept for host handles
    10 .. 13  i8 u8 i16 u16                        storage only: an i32 once it is on the stack
    16 + n    entry n of the module's type table   a class or an array
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_MODULE_TYPE = 16


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """A type that the instruction set itself knows: one of those below, equal to itself alone.

    name: how assembly and messages spell it. code: its type code. size: bytes it takes in a field or
    an array element. stack: the name of the type that it has on the operand stack ("ref" for every
    reference to the heap, "fn" for function references).
    """

    name: str
    code: int
    size: int
    stack: str

    @property
    def is_reference(self) -> bool:
        return self.stack == "ref"

    @property
    def is_storage_only(self) -> bool:
        return self.name != self.stack and self.stack == "i32"

    def __str__(self) -> str:
        return self.name


I32 = Type("i32", 1, 4, "i32")
I64 = Type("i64", 2, 8, "i64")
F32 = Type("f32", 3, 4, "f32")
F64 = Type("f64", 4, 8, "f64")
ANY = Type("any", 5, 4, "ref")
CELLS = Type("cells", 6, 4, "ref")
STRING = Type("string", 7, 4, "ref")
FUNCTION = Type("function", 8, 4, "fn")
I8 = Type("i8", 10, 1, "i32")
U8 = Type("u8", 11, 1, "i32")
I16 = Type("i16", 12, 2, "i32")
U16 = Type("u16", 13, 2, "i32")

BUILT_IN = (I32, I64, F32, F64, ANY, CELLS, STRING, FUNCTION, I8, U8, I16, U16)
BY_CODE = {each.code: each for each in BUILT_IN}
BY_NAME = {each.name: each for each in BUILT_IN}


def is_reference_code(code: int) -> bool:
    """Whether cells of this type code hold references (a module's own types always do)."""
    return code >= FIRST_MODULE_TYPE or (code in BY_CODE and BY_CODE[code].is_reference)


def stack_code(code: int) -> int:
    """The type code that a value of storage type *code* has on the operand stack."""
    return I32.code if code in (I8.code, U8.code, I16.code, U16.code) else code


def storage(code: int) -> Type:
    """How a value of type *code* is stored: the built-in type itself, or `any` for every reference."""
    return ANY if is_reference_code(code) else BY_CODE[code]
