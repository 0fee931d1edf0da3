"""A reference machine that holds what it sees at run time against what the verifier said."""

from __future__ import annotations

from typing import Any

from tblvm.core.module import FunctionType
from tblvm.opcodes.meaning import Frame, Machine, Step


class Watcher(Machine):
    """Checks every instruction that it runs: reference maps, safepoints, depth of the operand stack.

    seen: labels of the opcodes that ran. maps: how many reference maps were compared with a stack that
    held references, and how many with one that held none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen: set[str] = set()
        self.maps = [0, 0]

    def _step(self, frame: Frame, step: Step) -> int:
        at, form, immediates = frame.offset, step.form, step.immediates
        function = self.verified.functions[frame.function]
        declaration = form.declaration
        self.seen.add(declaration.label)
        taken = 0 if form.keeps_operands else len(declaration.signature.operands)
        transfer = form.graph.transfer
        is_call = transfer is not None and transfer.primitive.name == "invoke"
        if declaration.name == "CALL":
            taken += len(self.module.function_type(immediates[0]).parameters)
        elif is_call and "method" in (slot.kind for slot in declaration.signature.immediates):
            taken += len(self.called(*immediates).parameters)
        elif is_call:
            called = self.module.types[immediates[0]]
            assert isinstance(called, FunctionType)
            taken += len(called.parameters)
        below = frame.stack[: len(frame.stack) - taken]
        references = tuple(i for i, value in enumerate(below) if value.ir == "ref")
        if at in function.safepoints:
            assert function.maps.get(at, ()) == references, (frame.function, at)
            self.maps[not references] += 1
        allocates = declaration.name in ("NEW", "NEWOBJ", "NEWARRAY")
        if is_call or allocates or declaration.name in ("READ", "GETCHAR"):
            assert at in function.safepoints, (frame.function, at)
        status = super()._step(frame, step)
        if 0 <= self._branch <= at:
            assert at in function.safepoints, (frame.function, at)
        assert len(frame.stack) <= self.module.functions[frame.function].max_stack
        return status
