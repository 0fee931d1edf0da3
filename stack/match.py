"""Whether a declaration of an opcode fits: its immediates the function, its operands the stack."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..core.hierarchy import Hierarchy
from ..core.module import ArrayType, ClassType, FunctionType, InterfaceType, Module
from ..opcodes import Declaration, Opcode, types
from ..opcodes.signature import ELEMENTS, Pattern
from .stacks import Stack

Codes = dict[str, int]  # type variable, or kind of pattern -> type code
# Immediates that only count the things of one kind in the module: what they are called, and where they are.
_LISTED = {
    "func": ("function", "functions"),
    "memory": ("memory", "memories"),
    "data": ("data segment", "data"),
    "table": ("table", "tables"),
    "elem": ("element segment", "elements"),
    "import": ("import", "imports"),
}
# Immediates that say nothing to the verifier, unless a declaration is for one value of them.
_FREE = frozenset({"imm_s", "imm_u", "imm_u32", "target", "targets"})


@cache
def _guarded(opcode: Opcode) -> tuple[bool, ...]:
    """For each immediate whether a declaration is for one value of it."""
    names = {name for each in opcode.declarations for name in each.when}
    first = opcode.declarations[0].signature.immediates
    return tuple(slot.name in names for slot in first)


class Mismatch(Exception):
    """A declaration of an opcode does not fit the stack or the immediates; the text says why."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """What a function's instructions are matched against. type: of the function; locals: the type codes of
    its parameters and locals."""

    module: Module
    hierarchy: Hierarchy
    type: FunctionType
    locals: tuple[int, ...]

    def decides(self, opcode: Opcode, immediates: tuple[int, ...]) -> tuple[object, ...] | None:
        """What decides how the opcode's declarations match, besides the operand stack; None where an
        immediate names what is not there. Opcodes that return from the function, and those that name an
        import, look at more of the function."""
        module = self.module
        found: list[object] = [opcode]
        try:
            for kind, guarded, value in zip(opcode.kinds, _guarded(opcode), immediates, strict=False):
                if kind == "local":
                    found.append(self.locals[value])
                elif kind == "global":
                    found.append(module.globals[value])
                elif kind == "pool":
                    found.append(module.pool[value].kind)
                elif kind == "func":
                    found.append(module.functions[value].type)
                elif guarded or kind not in _FREE:
                    found.append(value)
        except IndexError:
            return None
        return tuple(found)

    def match(
        self, declaration: Declaration, immediates: tuple[int, ...], stack: Stack
    ) -> tuple[Codes, Stack, tuple[int, ...]]:
        """Bind the type variables; what stays on the stack, and what is pushed."""
        signature = declaration.signature
        codes: Codes = {}
        excluded = self.excluded(declaration, immediates)
        if excluded:
            raise Mismatch(excluded)
        for slot, value in zip(signature.immediates, immediates, strict=False):
            self._bind_immediate(slot.kind, slot.variables, value, codes)
        wanted = len(signature.operands)
        if stack.depth < wanted:
            raise Mismatch(f"it takes {wanted} operands and the stack has {stack.depth}")
        rest, given = stack.take(wanted)
        for (name, pattern), code in zip(signature.operands, given, strict=True):
            self._bind_operand(declaration, name, pattern, code, codes)
        pushed = tuple(self._result_code(pattern, codes) for pattern in signature.results)
        return codes, rest, pushed

    def excluded(self, declaration: Declaration, immediates: tuple[int, ...]) -> str:
        """What keeps the declaration's `when` from holding, "" when it holds."""
        if declaration.when:
            for slot, value in zip(declaration.signature.immediates, immediates, strict=False):
                wanted = declaration.when.get(slot.name, value)
                if wanted == "interface":
                    if not isinstance(self.module.type_entry(value), InterfaceType):
                        return f"{slot.name} is no interface"
                elif wanted != value:
                    return f"{slot.name} is {value}"
        return ""

    def _bind_immediate(self, kind: str, variables: tuple[str, ...], value: int, codes: Codes) -> None:
        module = self.module
        if kind == "imm_s":
            return
        if value < 0:
            raise Mismatch(f"{kind} {value} is negative")
        if kind == "local":
            if value >= len(self.locals):
                raise Mismatch(f"there is no local {value}: the function has {len(self.locals)}")
            codes[variables[0]] = self.locals[value]
        elif kind == "global":
            if value >= len(module.globals):
                raise Mismatch(f"there is no global {value}: the module has {len(module.globals)}")
            codes[variables[0]] = module.globals[value]
        elif kind == "pool":
            if value >= len(module.pool):
                raise Mismatch(f"there is no constant {value}: the pool has {len(module.pool)}")
            codes[variables[0]] = types.BY_NAME[module.pool[value].kind].code
        elif kind in _LISTED:
            what, count = _LISTED[kind][0], len(getattr(module, _LISTED[kind][1]))
            if value >= count:
                raise Mismatch(f"there is no {what} {value}: the module has {count}")
            if kind == "import":
                self._check_import(value)
        elif kind == "functype":
            if value >= len(module.types) or not isinstance(module.types[value], FunctionType):
                raise Mismatch(f"entry {value} of the type table is no function type")
        elif kind == "class":
            if not isinstance(module.type_entry(value), ClassType):
                raise Mismatch(f"type {value} is no class")
            codes[variables[0]] = value
        elif kind == "interface":
            if not isinstance(module.type_entry(value), InterfaceType):
                raise Mismatch(f"type {value} is no interface")
            codes[variables[0]] = value
        elif kind == "method":
            entry = module.type_entry(codes[variables[0]])
            assert isinstance(entry, (ClassType, InterfaceType))
            methods = entry.virtuals if isinstance(entry, ClassType) else entry.methods
            if value >= len(methods):
                name = module.type_name(codes[variables[0]])
                raise Mismatch(f"{name} has no method {value}: it has {len(methods)}")
        elif kind == "field":
            entry = module.type_entry(codes[variables[0]])
            assert isinstance(entry, ClassType)
            if value >= len(entry.fields):
                name = module.type_name(codes[variables[0]])
                raise Mismatch(f"class {name} has no field {value}: it has {len(entry.fields)}")
            codes[variables[1]] = entry.fields[value]
        elif kind == "array":
            entry = module.type_entry(value)
            if not isinstance(entry, ArrayType):
                raise Mismatch(f"type {value} is no array")
            codes[variables[0]] = entry.element
            codes[f"{variables[0]}[]"] = value
        elif kind == "reftype":
            known = isinstance(module.type_entry(value), (ClassType, InterfaceType, ArrayType)) or (
                value in types.BY_CODE and types.BY_CODE[value].is_reference
            )
            if not known:
                raise Mismatch(f"type {value} is no reference type")
            codes[variables[0]] = value

    def _check_import(self, value: int) -> None:
        """What is imported takes the function's parameters and gives its locals."""
        imported = self.module.imports[value]
        if imported.kind != "function":
            raise Mismatch(f"import {value} is a {imported.kind}, no function")
        wanted = self.module.types[imported.type]
        assert isinstance(wanted, FunctionType)
        if wanted.parameters + wanted.results != self.locals or wanted.parameters != self.type.parameters:
            raise Mismatch(
                f"import {value} takes other types than the parameters of the function, or gives others than "
                "its locals"
            )

    def _bind_operand(
        self, declaration: Declaration, name: str, pattern: Pattern, code: int, codes: Codes
    ) -> None:
        if pattern.kind == "type":
            assert pattern.type is not None
            wanted = pattern.type.code
        elif pattern.kind in ELEMENTS:
            element = ELEMENTS[pattern.kind]
            if self.module.type_entry(code) != ArrayType(element.code):
                raise Mismatch(f"{name} must be a {element}[], not {self.module.type_name(code)}")
            wanted = code
            codes.setdefault(pattern.kind, code)
        elif pattern.kind == "array":
            entry = self.module.type_entry(code)
            if not isinstance(entry, ArrayType):
                raise Mismatch(f"{name} must be an array, not {self.module.type_name(code)}")
            wanted = codes.setdefault(f"{pattern.variable}[]", code)
            if codes.setdefault(pattern.variable, entry.element) != entry.element:
                raise Mismatch(f"{name} must be an array of another type, not {self.module.type_name(code)}")
        elif pattern.variable in codes:
            wanted = types.stack_code(codes[pattern.variable])
        else:
            domain = dict(declaration.signature.domains)[pattern.variable]
            if domain == "reference" and not types.is_reference_code(code):
                raise Mismatch(f"{name} must be a reference, not {self.module.type_name(code)}")
            wanted = codes.setdefault(pattern.variable, code)
        if not self.hierarchy.assignable(code, wanted):
            raise Mismatch(
                f"{name} must be {self.module.type_name(wanted)}, not {self.module.type_name(code)}"
            )

    def _result_code(self, pattern: Pattern, codes: Codes) -> int:
        if pattern.kind == "type":
            assert pattern.type is not None
            return pattern.type.code
        if pattern.kind in ELEMENTS:
            return codes[pattern.kind]
        if pattern.kind == "array":
            return codes[f"{pattern.variable}[]"]
        return types.stack_code(codes[pattern.variable])
