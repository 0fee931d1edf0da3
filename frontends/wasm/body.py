"""One function: its code is validated and translated in one pass.

Stack code becomes stack code: the frames of WebAssembly's control stack are known here and gone afterwards.

    block, loop    a label at the end, at the start
    if             a conditional branch to the label before `else` or at the end
    br, br_if      a branch; where cells lie between the results and what is below the label, they are dropped
    return         RET; so is a branch to the function's own label
    dead code      is validated, on a polymorphic stack, and what it was translated to is cut off again

The validation is the algorithm of WebAssembly 1.0's appendix, with stacks as objects (`stack.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

from ...core.code import write_leb
from ...core.module import MAX_FRAME_CELLS, FunctionType
from .codes import Codes
from .errors import WasmError
from .instructions import COMPARE_AND_BRANCH, MEMORY, PLAIN
from .layout import Place, laid_out
from .model import F32, F64, I32, NAMES, VALUE_TYPES, Body, Types
from .proposals import of_instruction, of_miscellaneous, of_type
from .reader import signed, unsigned
from .stack import CALL, DROP, SELECT, TAKE, TEE, Mismatch, Rules, Stack
from .validate import Spaces

# Cells that the branches of a function may drop one by one: others would make its code grow without end.
MAX_DROPPED = 1 << 20
NEVER = 1 << 62


class Frame:
    """A block, loop, if or function that is open. label: the number of the label that branches to it mean;
    otherwise: of the one before an if's else. parameters, results: types. end: the stack at its end. outer:
    the stack below its parameters; base: cells below those in the function's whole stack. alive: whether it
    was entered by code that can be reached; targeted: whether such code branches to its label."""

    __slots__ = (
        "alive",
        "base",
        "end",
        "kind",
        "label",
        "otherwise",
        "outer",
        "parameters",
        "results",
        "targeted",
    )

    def __init__(
        self, kind: str, type_: FunctionType, end: Stack, outer: Stack, base: int, alive: bool
    ) -> None:
        self.kind, self.parameters, self.results = kind, type_.parameters, type_.results
        self.end, self.outer, self.base, self.alive = end, outer, base, alive
        self.label = self.otherwise = -1
        self.targeted = False

    @property
    def wanted(self) -> Types:
        """What a branch to it takes along."""
        return self.parameters if self.kind == "loop" else self.results


class Translated:
    """A function's code, the types of the locals that were added, how deep its operand stack gets, and where
    the places of `lines` are: (offset in the code here, offset in the file)."""

    __slots__ = ("added", "code", "deepest", "places")

    def __init__(self, code: bytes, added: Types, deepest: int, places: list[tuple[int, int]]) -> None:
        self.code, self.added, self.deepest, self.places = code, added, deepest, places


class Translator:
    """What all functions of a module have in common. data: the module's bytes; data_segments: how many the
    module says that it has, None where it does not say; elements: how many element segments."""

    def __init__(
        self, data: bytes, spaces: Spaces, codes: Codes, data_segments: int | None, elements: int
    ) -> None:
        # What is read behind a body's end is noticed behind the instruction: there is always something.
        self.data, self.spaces, self.codes = data + bytes(16), spaces, codes
        self.data_segments, self.elements = data_segments, elements
        effects = {key: row[:2] for key, row in (*PLAIN.items(), *((k, v[:3]) for k, v in MEMORY.items()))}
        for index, type_ in enumerate(spaces.types):
            effects[CALL + index] = (type_.parameters, type_.results)
        effects[0x3F], effects[0x40] = ((), (I32,)), ((I32,), (I32,))
        for key in (0x108, 0x10A, 0x10B, 0x10C, 0x10E):  # bulk operations on memories and tables
            effects[key] = ((I32, I32, I32), ())
        self.rules = Rules(effects)
        self._begin()
        # Each opcode's bytes. Those of comparisons that branches can absorb are not among the plain ones.
        self.plain: list[bytes | None] = [None] * 256
        for key, (_, _, name) in PLAIN.items():
            if key < 256 and key not in COMPARE_AND_BRANCH:
                self.plain[key] = codes.bytes_of(name)
        self.plain[DROP], self.plain[SELECT] = codes.bytes_of("POP"), codes.bytes_of("SELECT")
        self.compare: list[bytes | None] = [None] * 256
        for key in COMPARE_AND_BRANCH:
            self.compare[key] = codes.bytes_of(PLAIN[key][2])
        self.access: list[tuple[bytes, int] | None] = [None] * 256
        for key, (_, _, name, align) in MEMORY.items():
            self.access[key] = (codes.bytes_of(name) + b"\0", align)
        self.misc = {key: codes.bytes_of(row[2]) for key, row in PLAIN.items() if key >= 0x100}
        self.load = [codes["LOAD"] + bytes((index,)) for index in range(128)]
        self.store = [codes["STORE"] + bytes((index,)) for index in range(128)]
        self.push = [codes["PUSH"] + bytes((value,)) for value in range(128)]

    def _begin(self) -> None:
        """Forget the stacks that were made, so that a large module does not keep all of them."""
        self.rules.made = 0
        self.empty = Stack.empty(self.rules)
        self.anything = Stack.empty(self.rules, polymorphic=True)

    def used(self) -> set[str]:
        """Names of the opcodes that were needed, those aside that `codes` was asked for."""
        seen = self.rules.seen
        names = {row[2] for key, row in PLAIN.items() if key in seen}
        names |= {row[2] for key, row in MEMORY.items() if key in seen}
        return names | ({"POP"} if DROP in seen else set()) | ({"SELECT"} if SELECT in seen else set())

    def translate(self, index: int, body: Body, marks: Sequence[int] = ()) -> Translated:
        """The code of function *index*. marks: offsets in the file that are to be found again in it.

        Raises WasmError.
        """
        if self.rules.made > 1 << 16:
            self._begin()
        return _Function(self, index, body, marks).run()


class _Function:
    """The pass over one function."""

    def __init__(self, module: Translator, index: int, body: Body, marks: Sequence[int]) -> None:
        self.module, self.codes, self.spaces = module, module.codes, module.spaces
        self.data, self.body = module.data, body
        self.type = module.spaces.types[module.spaces.functions[index]]
        self.locals: Types = (*self.type.parameters, *body.locals)
        self.added: list[int] = []
        self.scratch: dict[tuple[int, int], int] = {}
        self.out = bytearray()
        self.branches: list[tuple[int, int]] = []
        self.labels: list[Place | None] = []
        self.frames: list[Frame] = []
        self.alive = True
        # Where dead code began: bytes and branches before it, and how deep the stack got.
        self.cut = (0, 0, 0)
        self.base = self.deepest = self.dropped = 0
        self.fused = -1  # the end of a comparison that a branch behind it can absorb
        self.fused_key = 0
        self.marks, self.next_mark = list(marks), 0
        self.places: list[tuple[Place, int]] = []
        self.at = body.at

    # -- errors, numbers, code ------------------------------------------------------------------------

    def _invalid(self, message: str) -> NoReturn:
        raise WasmError("invalid", message, offset=self.at)

    def _malformed(self, message: str) -> NoReturn:
        raise WasmError("malformed", message, offset=self.at)

    def _u32(self) -> int:
        at = self.at
        if at < self.body.end and self.data[at] < 0x80:
            self.at = at + 1
            return self.data[at]
        value, self.at = unsigned(self.data, at, self.body.end)
        return value

    def _zero(self, what: str) -> None:
        if self.at >= self.body.end or self.data[self.at]:
            self._malformed(f"zero byte expected: {what}")
        self.at += 1

    def _label(self) -> int:
        self.labels.append(None)
        return len(self.labels) - 1

    def _place(self, label: int) -> None:
        self.labels[label] = (len(self.out), len(self.branches))
        self.fused = -1

    def _branch(self, code: bytes, label: int) -> None:
        self.out += code
        self.branches.append((len(self.out), label))

    def _deep(self, stack: Stack) -> Stack:
        if self.base + stack.depth > self.deepest:
            self.deepest = self.base + stack.depth
        return stack

    # -- the pass -------------------------------------------------------------------------------------

    def run(self) -> Translated:
        empty = self.module.empty
        frame = Frame("function", self.type, empty.push(self.type.results), empty, 0, True)
        frame.label = self._label()
        self.frames.append(frame)
        try:
            self._walk()
        except Mismatch as mismatch:
            self._invalid(str(mismatch))
        if self.at != self.body.end:
            self._malformed("END opcode expected: the code goes on behind it, or its size is another")
        cells = len(self.locals) + len(self.added) + self.deepest
        if cells > MAX_FRAME_CELLS:
            raise WasmError(
                "unsupported", f"a function whose frame has {cells} cells: {MAX_FRAME_CELLS} at most"
            )
        places = [place for place, _ in self.places]
        code, where = laid_out(self.out, self.branches, self.labels, places)
        lines = [(at, mark) for at, (_, mark) in zip(where, self.places, strict=True)]
        return Translated(code, tuple(self.added), self.deepest, lines)

    def _walk(self) -> None:
        """All instructions. The commonest are dealt with here, all others by a method each."""
        module, data, end, out, locals_ = self.module, self.data, self.body.end, self.out, self.locals
        plain, compare, access = module.plain, module.compare, module.access
        load, store, push = module.load, module.store, module.push
        pushes, takes = [-each for each in locals_], [TAKE + each for each in locals_]
        memories = len(self.spaces.memories)
        stack = module.empty
        at = self.at
        mark = self._mark(at)
        try:
            while at < end:
                if at >= mark:
                    mark = self._mark(at)
                key = data[at]
                at += 1
                code = plain[key]
                if code is not None:
                    stack = stack[key]
                    out += code
                elif key == 0x20:  # local.get
                    index = data[at]
                    at += 1
                    if index > 127:
                        index, at = unsigned(data, at - 1, end)
                    if index >= len(pushes):
                        self.at = at
                        self._invalid(f"unknown local {index}")
                    stack = stack[pushes[index]]
                    if self.base + stack.depth > self.deepest:
                        self.deepest = self.base + stack.depth
                    out += load[index] if index < 128 else self.codes["LOAD"] + write_leb(index)
                elif key == 0x41:  # i32.const
                    value = data[at]
                    at += 1
                    stack = stack[-I32]
                    if self.base + stack.depth > self.deepest:
                        self.deepest = self.base + stack.depth
                    if value < 0x80:
                        out += push[value]
                    else:
                        value, at = signed(data, at - 1, end, 32)
                        out += self.codes.number("i32", value)
                elif (found := access[key]) is not None:
                    code, most = found
                    align = data[at]
                    offset = data[at + 1]
                    at += 2
                    if align > 127 or offset > 127:
                        align, at = unsigned(data, at - 2, end)
                        offset, at = unsigned(data, at, end)
                    if align > most or not memories:
                        self.at = at
                        self._bad_access(align, most)
                    stack = stack[key]
                    out += code
                    if offset < 0x80:
                        out.append(offset)
                    else:
                        out += write_leb(offset)
                elif key == 0x21:  # local.set
                    index = data[at]
                    at += 1
                    if index > 127:
                        index, at = unsigned(data, at - 1, end)
                    if index >= len(takes):
                        self.at = at
                        self._invalid(f"unknown local {index}")
                    stack = stack[takes[index]]
                    out += store[index] if index < 128 else self.codes["STORE"] + write_leb(index)
                elif (code := compare[key]) is not None:
                    stack = stack[key]
                    out += code
                    self.fused, self.fused_key = len(out), key
                elif key == 0x01:
                    pass
                else:
                    self.at = at
                    handler = _HANDLERS.get(key)
                    if handler is None:
                        self._unknown(key)
                    stack = handler(self, stack)
                    at = self.at
                    if not self.frames:
                        return
        finally:
            self.at = at  # for messages
        self._malformed("unexpected end: END opcode expected")

    def _mark(self, at: int) -> int:
        """Note which of the marks the instruction at *at* is the first behind; the next one."""
        passed = -1
        while self.next_mark < len(self.marks) and self.marks[self.next_mark] <= at:
            passed = self.marks[self.next_mark]
            self.next_mark += 1
        if passed >= 0:
            self.places.append(((len(self.out), len(self.branches)), passed))
        return self.marks[self.next_mark] if self.next_mark < len(self.marks) else NEVER

    def _unknown(self, key: int) -> NoReturn:
        proposal = of_instruction(key)
        if proposal:
            raise WasmError("unsupported", f"{proposal}: opcode {key:#04x}", offset=self.at - 1)
        raise WasmError("malformed", f"illegal opcode {key:#04x}", offset=self.at - 1)

    def _bad_access(self, align: int, most: int) -> NoReturn:
        if 32 <= align < 128:
            # Bit 6 says which memory; others have no meaning.
            if align & 0x40:
                raise WasmError(
                    "unsupported", "multi-memory: an access that names its memory", offset=self.at
                )
            self._malformed("malformed memop flags")
        if not self.spaces.memories:
            self._invalid("unknown memory 0")
        self._invalid(f"alignment must not be larger than natural: 2^{align}, not 2^{most}")

    # -- dead code ------------------------------------------------------------------------------------

    def _dies(self) -> Stack:
        """Control does not go on here."""
        self.fused = -1
        if self.alive:
            self.alive = False
            self.cut = (len(self.out), len(self.branches), self.deepest)
        return self.module.anything

    def _lives(self) -> None:
        """What was translated since control ended is cut off; it goes on here."""
        if not self.alive:
            self.alive = True
            self._cut_off()

    def _cut_off(self) -> None:
        length, branches, self.deepest = self.cut
        del self.out[length:]
        del self.branches[branches:]
        while self.places and self.places[-1][0][0] > length:
            self.places.pop()

    # -- blocks ---------------------------------------------------------------------------------------

    def _block_type(self) -> FunctionType:
        data, at = self.data, self.at
        code = data[at]
        if code == 0x40:
            self.at += 1
            return _NOTHING
        if code in VALUE_TYPES:
            self.at += 1
            return _RESULT[VALUE_TYPES[code]]
        if 0x40 < code < 0x80:
            proposal = of_type(code)
            if proposal:
                raise WasmError("unsupported", proposal, offset=at)
            self._malformed(f"malformed block type {code:#04x}")
        index, self.at = signed(data, at, self.body.end, 33)
        if index < 0:
            self._malformed("malformed block type")
        if index >= len(self.spaces.types):
            self._invalid(f"unknown type {index}")
        return self.spaces.types[index]

    def _open(self, kind: str, stack: Stack) -> Stack:
        type_ = self._block_type()
        outer = stack.take(type_.parameters) if type_.parameters else stack
        return self._opened(kind, type_, outer)

    def _opened(self, kind: str, type_: FunctionType, outer: Stack) -> Stack:
        empty = self.module.empty
        frame = Frame(kind, type_, empty.push(type_.results), outer, self.base + outer.depth, self.alive)
        frame.label = self._label()
        self.frames.append(frame)
        self.base = frame.base
        if kind == "loop":
            self._place(frame.label)
        return empty.push(type_.parameters)

    def _if(self, stack: Stack) -> Stack:
        type_ = self._block_type()
        otherwise = self._label()
        fused = self._fuses()
        outer = stack[TAKE + I32].take(type_.parameters)
        self._branch(self.codes[COMPARE_AND_BRANCH[fused][1] if fused else "JZ"], otherwise)
        stack = self._opened("if", type_, outer)
        self.frames[-1].otherwise = otherwise
        return stack

    def _fuses(self) -> int:
        """The comparison before this place, which the branch that comes absorbs; 0 for none."""
        if self.fused != len(self.out):
            return 0
        key = self.fused_key
        code = self.module.compare[key]
        assert code is not None
        del self.out[-len(code) :]
        self.fused = -1
        if self.places and self.places[-1][0][0] > len(self.out):
            self.places[-1] = ((len(self.out), len(self.branches)), self.places[-1][1])
        return key

    def _check_end(self, frame: Frame, stack: Stack) -> None:
        if stack is not frame.end:
            left = stack.take(frame.results)
            if left.depth:
                self._invalid(f"type mismatch: {left.depth} values too many at the end of a block")

    def _else(self, stack: Stack) -> Stack:
        frame = self.frames[-1]
        if frame.kind != "if":
            self._malformed("else without an if")
        self._check_end(frame, stack)
        if self.alive:
            self._branch(self.codes["JMP"], frame.label)
            frame.targeted = True
        frame.kind = "else"
        if frame.alive:
            self._lives()
            self._place(frame.otherwise)
        return self.module.empty.push(frame.parameters)

    def _end(self, stack: Stack) -> Stack:
        frame = self.frames.pop()
        self._check_end(frame, stack)
        if frame.kind == "if":
            if frame.parameters != frame.results:
                self._invalid("type mismatch: an if without else gives something else than it takes")
            if frame.alive:
                self._lives()
                self._place(frame.otherwise)
        if frame.targeted and frame.alive and frame.kind != "loop":
            self._lives()
        elif not self.alive and frame.alive:
            self._cut_off()
        if frame.kind != "loop":
            self._place(frame.label)
        if not self.frames:
            if self.alive:
                self.out += self.codes["RET"]
            return stack
        self.base = self.frames[-1].base
        return frame.outer.push(frame.results) if frame.results else frame.outer

    # -- branches -------------------------------------------------------------------------------------

    def _target(self) -> Frame:
        depth = self._u32()
        if depth >= len(self.frames):
            self._invalid(f"unknown label {depth}")
        return self.frames[-1 - depth]

    def _excess(self, frame: Frame, stack: Stack) -> int:
        """How many cells a branch to *frame* drops below what it takes along, which must be there."""
        if frame.wanted:
            stack.take(frame.wanted)
        return max(0, self.base + stack.depth - len(frame.wanted) - frame.base) if self.alive else 0

    def _unwind(self, frame: Frame, excess: int) -> None:
        """Drop the cells between what a branch to *frame* takes along and what stays."""
        wanted = frame.wanted
        self.dropped += excess
        if self.dropped > MAX_DROPPED:
            raise WasmError(
                "unsupported", f"branches that drop more than {MAX_DROPPED} values", offset=self.at
            )
        kept = [self._scratch(type_, number) for number, type_ in enumerate(wanted)]
        for index in reversed(kept):
            self.out += self.codes["STORE"] + write_leb(index)
        self.out += self.codes["POP"] * excess
        for index in kept:
            self.out += self.codes["LOAD"] + write_leb(index)

    def _scratch(self, type_: int, number: int) -> int:
        """A local of ours for a value of *type_*, of which there may be several."""
        found = self.scratch.get((type_, number))
        if found is None:
            found = self.scratch[type_, number] = len(self.locals) + len(self.added)
            self.added.append(type_)
        return found

    def _go(self, frame: Frame, excess: int) -> None:
        """Branch to *frame* always."""
        if frame.kind == "function":
            self.out += self.codes["RET"]  # which drops what is below the results
            return
        if excess:
            self._unwind(frame, excess)
        self._branch(self.codes["JMP"], frame.label)
        frame.targeted = frame.targeted or self.alive

    def _br(self, stack: Stack) -> Stack:
        frame = self._target()
        self._go(frame, self._excess(frame, stack))
        return self._dies()

    def _br_if(self, stack: Stack) -> Stack:
        fused = self._fuses()
        stack = stack[TAKE + I32]
        frame = self._target()
        excess = self._excess(frame, stack)
        if excess:
            stay = self._label()
            self._branch(self.codes[COMPARE_AND_BRANCH[fused][1] if fused else "JZ"], stay)
            self._go(frame, excess)
            self._place(stay)
        else:
            self._branch(self.codes[COMPARE_AND_BRANCH[fused][0] if fused else "JNZ"], frame.label)
            frame.targeted = frame.targeted or self.alive
        if frame.wanted and stack.polymorphic:
            stack = stack.take(frame.wanted).push(frame.wanted)
        return stack

    def _br_table(self, stack: Stack) -> Stack:
        stack = stack[TAKE + I32]
        count = self._u32()
        if count > self.body.end - self.at:
            self._malformed("unexpected end: a branch table behind the end")
        frames = [self._target() for _ in range(count + 1)]
        arity = len(frames[-1].wanted)
        detours: dict[
            int, tuple[int, Frame, int]
        ] = {}  # of a label: another one, where cells are dropped first
        labels = []
        for frame in frames:
            if len(frame.wanted) != arity:
                self._invalid("type mismatch: the labels of a branch table take different numbers of values")
            excess = self._excess(frame, stack)
            if excess:
                if frame.label not in detours:
                    detours[frame.label] = (self._label(), frame, excess)
                labels.append(detours[frame.label][0])
            else:
                frame.targeted = frame.targeted or self.alive
                labels.append(frame.label)
        self.out += self.codes["BR_TABLE"] + write_leb(count)
        for label in labels:
            self.branches.append((len(self.out), label))
        for label, frame, excess in detours.values():
            self._place(label)
            self._go(frame, excess)
        return self._dies()

    def _return(self, stack: Stack) -> Stack:
        stack.take(self.type.results)
        self.out += self.codes["RET"]
        return self._dies()

    def _unreachable(self, stack: Stack) -> Stack:
        self.out += self.codes["UNREACHABLE"]
        return self._dies()

    # -- calls ----------------------------------------------------------------------------------------

    def _call(self, stack: Stack) -> Stack:
        index = self._u32()
        if index >= len(self.spaces.functions):
            self._invalid(f"unknown function {index}")
        self.out += self.codes["CALL"] + write_leb(index)
        return self._deep(stack[CALL + self.spaces.functions[index]])

    def _call_indirect(self, stack: Stack) -> Stack:
        type_, table = self._u32(), self._u32()
        if type_ >= len(self.spaces.types):
            self._invalid(f"unknown type {type_}")
        if table >= len(self.spaces.tables):
            self._invalid(f"unknown table {table}")
        self.out += self.codes["CALL_INDIRECT"] + write_leb(type_) + write_leb(table)
        return self._deep(stack[TAKE + I32][CALL + type_])

    # -- variables and constants ----------------------------------------------------------------------

    def _tee(self, stack: Stack) -> Stack:
        index = self._u32()
        if index >= len(self.locals):
            self._invalid(f"unknown local {index}")
        stack = stack[TEE + self.locals[index]]
        self.deepest = max(self.deepest, self.base + stack.depth + 1)
        self.out += self.codes["DUP"] + self.codes["STORE"] + write_leb(index)
        return stack

    def _global(self) -> int:
        index = self._u32()
        if index >= len(self.spaces.globals):
            self._invalid(f"unknown global {index}")
        return index

    def _global_get(self, stack: Stack) -> Stack:
        index = self._global()
        self.out += self.codes["LOADG"] + write_leb(index)
        return self._deep(stack[-self.spaces.globals[index].type])

    def _global_set(self, stack: Stack) -> Stack:
        index = self._global()
        if not self.spaces.globals[index].mutable:
            self._invalid(f"global is immutable: {index}")
        self.out += self.codes["STOREG"] + write_leb(index)
        return stack[TAKE + self.spaces.globals[index].type]

    def _i64_const(self, stack: Stack) -> Stack:
        value, self.at = signed(self.data, self.at, self.body.end, 64)
        self.out += self.codes.number("i64", value)
        return self._deep(stack[-VALUE_TYPES[0x7E]])

    def _float(self, stack: Stack, kind: str, size: int, type_: int) -> Stack:
        if size > self.body.end - self.at:
            self._malformed("unexpected end")
        value = int.from_bytes(self.data[self.at : self.at + size], "little")
        self.at += size
        self.out += self.codes.constant(kind, value)
        return self._deep(stack[-type_])

    # -- memories, tables, segments -------------------------------------------------------------------

    def _memory(self, stack: Stack, key: int, name: str) -> Stack:
        self._zero(name)
        self._has_memory()
        self.out += self.codes[name] + b"\0"
        return self._deep(stack[key])

    def _has_memory(self) -> None:
        if not self.spaces.memories:
            self._invalid("unknown memory 0")

    def _miscellaneous(self, stack: Stack) -> Stack:
        key = 0x100 + self._u32()
        code = self.module.misc.get(key)
        if code is not None:
            self.out += code
            return stack[key]
        codes, out = self.codes, self.out
        if key == 0x108:  # memory.init
            segment = self._data()
            self._zero("memory.init")
            self._has_memory()
            self._check_data(segment)
            out += codes["MEMORY_INIT"] + write_leb(segment) + b"\0"
        elif key == 0x109:  # data.drop
            segment = self._data()
            self._check_data(segment)
            out += codes["DATA_DROP"] + write_leb(segment)
            return stack
        elif key == 0x10A:  # memory.copy
            self._zero("memory.copy")
            self._zero("memory.copy")
            self._has_memory()
            out += codes["MEMORY_COPY"] + b"\0\0"
        elif key == 0x10B:  # memory.fill
            self._zero("memory.fill")
            self._has_memory()
            out += codes["MEMORY_FILL"] + b"\0"
        elif key == 0x10C:  # table.init
            segment, table = self._u32(), self._u32()
            self._check_table(table)
            self._check_element(segment)
            out += codes["TABLE_INIT"] + write_leb(segment) + write_leb(table)
        elif key == 0x10D:  # elem.drop
            segment = self._u32()
            self._check_element(segment)
            out += codes["ELEM_DROP"] + write_leb(segment)
            return stack
        elif key == 0x10E:  # table.copy
            to, from_ = self._u32(), self._u32()
            self._check_table(to)
            self._check_table(from_)
            out += codes["TABLE_COPY"] + write_leb(to) + write_leb(from_)
        else:
            proposal = of_miscellaneous(key - 0x100)
            if proposal:
                raise WasmError("unsupported", f"{proposal}: opcode 0xfc {key - 0x100}", offset=self.at)
            self._malformed(f"illegal opcode 0xfc {key - 0x100}")
        return stack[key]

    def _data(self) -> int:
        segment = self._u32()
        if self.module.data_segments is None:
            self._malformed("data count section required")
        return segment

    def _check_data(self, segment: int) -> None:
        if segment >= (self.module.data_segments or 0):
            self._invalid(f"unknown data segment {segment}")

    def _check_table(self, table: int) -> None:
        if table >= len(self.spaces.tables):
            self._invalid(f"unknown table {table}")

    def _check_element(self, segment: int) -> None:
        if segment >= self.module.elements:
            self._invalid(f"unknown elem segment {segment}")


_NOTHING = FunctionType((), ())
_RESULT = {type_: FunctionType((), (type_,)) for type_ in NAMES}
# Instructions that are not dealt with where all are walked: what each does to the stack.
_HANDLERS: dict[int, Callable[[_Function, Stack], Stack]] = {
    0x00: _Function._unreachable,
    0x02: lambda at, stack: at._open("block", stack),
    0x03: lambda at, stack: at._open("loop", stack),
    0x04: _Function._if,
    0x05: _Function._else,
    0x0B: _Function._end,
    0x0C: _Function._br,
    0x0D: _Function._br_if,
    0x0E: _Function._br_table,
    0x0F: _Function._return,
    0x10: _Function._call,
    0x11: _Function._call_indirect,
    0x22: _Function._tee,
    0x23: _Function._global_get,
    0x24: _Function._global_set,
    0x3F: lambda at, stack: at._memory(stack, 0x3F, "MEMORY_SIZE"),
    0x40: lambda at, stack: at._memory(stack, 0x40, "MEMORY_GROW"),
    0x42: _Function._i64_const,
    0x43: lambda at, stack: at._float(stack, "f32", 4, F32),
    0x44: lambda at, stack: at._float(stack, "f64", 8, F64),
    0xFC: _Function._miscellaneous,
}
