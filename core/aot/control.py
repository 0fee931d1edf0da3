"""What comes last in an instruction: branches, calls, returns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...opcodes.ir import Node
from ..module import FunctionType
from .calls import immediate
from .shape import Shape, ir_type

if TYPE_CHECKING:
    from .function import FunctionPrinter

_ROW_BYTES = 12  # sizeof(struct tb_function), by which links name functions


class Control:
    """Prints transfers of control of a function."""

    def __init__(self, of: FunctionPrinter) -> None:
        self.of = of

    def transfer(self, node: Node, operand: str) -> str:
        """Prints what comes last; operand: as cprint has it."""
        of = self.of
        name = node.primitive.name
        if name == "return":
            return self._return()
        if name == "halt":
            return of.stopped("0u")
        if name == "invoke":
            return self._call(node, operand)
        if name == "tail_invoke":
            return self._tail_call(node, operand)
        if operand:
            operand = of.fresh("u32", operand)  # what it is made of may be settled
        of.settle()
        if name == "jump_table":
            rows, default = of.each.targets[:-1], of.each.targets[-1]
            lines = [f"switch ({operand}) {{"]
            lines += [f"case {at}u: {self._goto(to)}" for at, to in enumerate(rows) if to != default]
            return "\n".join([*lines, f"default: {self._goto(default)}", "}"])
        target = of.flow.targets(of.each)[0]
        go = self._goto(target)
        if name == "jump":
            return go
        if of.early is not None and of.each is of.flow.code[of.early.branch][1]:
            falls = of.early.exit == of.early.branch + 1
            return (
                f"if (!({operand})) TB_UNREACHABLE();\n{go}" if falls else f"if ({operand}) TB_UNREACHABLE();"
            )
        return f"if ({operand}) {{ {go} }}"

    def _goto(self, target: int) -> str:
        """A taken branch: pays, polls if it goes backward."""
        of = self.of
        irs = tuple(each.ir for each in of.stack)
        of.expected.setdefault(target, irs)
        words = []
        due = of.due - of.flow.spent[target]
        if of.options.fuel and due:
            words.append(f"fuel -= {due};" if due > 0 else f"fuel += {-due};")
        if target <= of.offset:
            # At the target of a backward branch nothing is spent.
            if of.options.fuel:
                words.append(f"if (TB_UNLIKELY(fuel < 0)) {of.stopped('TB_TRAP_OUT_OF_FUEL', 0)}")
            if of.options.interrupt:
                words.append(of.interrupted(0))
        return " ".join([*words, f"goto L{target};"])

    def _return(self) -> str:
        of = self.of
        count = len(of.type.results)
        state = of.left(of.due) if of.options.fuel else "0"
        if not count:
            return f"return {state};"
        values = ", ".join(each.text for each in of.stack[-count:])
        return f"return ({of.shape.returned}){{{state}, {values}}};"

    def callee_type(self, node: Node) -> FunctionType:
        """The type of what is called by a pointer."""
        of = self.of
        module, which = of.whole.module, int(node.attribute)  # type: ignore[call-overload]
        kind = of.form.declaration.signature.immediates[which].kind
        return module.called_type(kind, of.whole.immediates(of.index, of.offset), which)

    def _callee(self, node: Node, operand: str) -> tuple[str, FunctionType, str, list[str]]:
        """What is called: C of the function, its type, its cells, its arguments, which are taken from the
        operand stack."""
        of = self.of
        whole = of.whole
        if node.operands:
            type_ = self.callee_type(node)
            pointer = f"(({Shape.of(type_).pointer(of.options)}){whole.functions}[{operand}])"
            cells = f"tb_functions(cx)[{operand}].cells"
            if of.options.limit:
                cells = of.fresh("u32", cells)
        else:
            index = immediate(of.each, int(node.attribute))  # type: ignore[call-overload]
            type_, pointer = whole.module.function_type(index), whole.name(index)
            cells = f"{whole.cells(index)}u"
        first = len(of.stack) - len(type_.parameters)
        arguments = [each.text for each in of.stack[first:]]
        del of.stack[first:]
        return pointer, type_, cells, arguments

    def _recursive(self, node: Node) -> bool:
        """Whether the call can come back to this function while it is under way."""
        of = self.of
        if of.index not in of.whole.calls.cyclic:
            return False
        return bool(node.operands) or immediate(of.each, int(node.attribute)) in of.whole.calls.cyclic  # type: ignore[call-overload]

    def _checks(self, node: Node, cells: str, left: str) -> Iterator[str]:
        """What stands before each call."""
        of = self.of
        overflow = of.stopped("TB_TRAP_STACK_OVERFLOW")
        if of.options.limit:
            yield f"if (TB_UNLIKELY({left} < {cells})) {overflow}"
        if of.options.native and self._recursive(node):
            yield f"if (TB_UNLIKELY(TB_AOT_DEEP(cx))) {overflow}"
        if of.options.fuel:
            yield f"fuel -= {of.due};"
            yield f"if (TB_UNLIKELY(fuel < 0)) {of.stopped('TB_TRAP_OUT_OF_FUEL', 0)}"
        if of.options.interrupt:
            yield of.interrupted(0)

    def _head(self, frame: str, left: str) -> list[str]:
        """The arguments that every function takes."""
        of = self.of
        each = {"cx": "cx", "fp": frame, "fuel": "fuel", "left": left}
        return [each[name] for _, name in of.options.head]

    def _call(self, node: Node, operand: str) -> str:
        of = self.of
        pointer, type_, cells, arguments = self._callee(node, operand)
        count = len(arguments)
        of.lines.extend(self._checks(node, cells, "left"))
        of.spill()
        frame = ""
        if of.options.frames:
            base = of.operand_home(len(of.stack))
            frame = f"fp + {base}"
            of.lines.append(
                f"tb_aot_link({frame} + {count}, {of.after}u, {of.index * _ROW_BYTES}u, {base}u);"
            )
        given = ", ".join([*self._head(frame, f"left - {cells}"), *arguments])
        shape = Shape.of(type_)
        of.names += 1
        result = f"r{of.names}"
        of.lines.append(f"const {shape.returned} {result} = {pointer}({given});")
        state = f"{result}.state" if shape.results else result
        passed = of.passed()
        if of.options.fuel:
            of.lines.append(f"fuel = {state};")
            of.lines.append(f"if (TB_UNLIKELY(fuel < 0) && fuel == TB_AOT_STOPPED) {passed}")
        else:
            of.lines.append(f"if (TB_UNLIKELY({state})) {passed}")
        of.again(memory=bool(node.operands) or self._may_move(node))
        for at, code in enumerate(type_.results):
            of.push(f"{result}.r{at}", ir_type(code))
        return ""

    def _may_move(self, node: Node) -> bool:
        of = self.of
        return immediate(of.each, int(node.attribute)) in of.whole.calls.moves  # type: ignore[call-overload]

    def _tail_call(self, node: Node, operand: str) -> str:
        of = self.of
        pointer, type_, cells, arguments = self._callee(node, operand)
        count = len(arguments)
        of.stack.clear()
        own = of.whole.cells(of.index)
        of.lines.extend(self._checks(node, cells, f"left + {own}u"))
        if of.options.frames and count != of.parameters:
            of.lines.append(f"tb_aot_move_link(fp + {count}, fp + {of.parameters});")
        given = ", ".join([*self._head("fp", f"left + {own}u - {cells}"), *arguments])
        back = of.shape.tail(of.options) if Shape.of(type_) == of.shape else "return"
        return f"{back} {pointer}({given});"
