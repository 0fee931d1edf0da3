"""Where values come from: parameters on the operand stack, immediates, constants, null."""

from __future__ import annotations

from .primitive import Primitive, define

# attribute: index of the parameter, counted from the deepest cell
PARAMETER = define(Primitive("parameter", (), "", moves=True, notation="{parameter}"))
# attribute: index of the immediate in the opcode's encoding
IMMEDIATE = define(Primitive("immediate", (), "", moves=True, notation="{immediate}"))
# attribute: the value
CONSTANT = define(Primitive("constant", (), "", moves=True, notation="{constant}"))
