"""Reading and writing bytecode: LEB128 and the boundaries of instructions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from ..opcodes import CORE, Isa, Opcode
from ..opcodes.signature import FULL_KINDS, SIGNED_KINDS
from .errors import ModuleError
from .module import PageUse


def write_leb(value: int, *, signed: bool = False, length: int = 0) -> bytes:
    """*value* as LEB128 in the fewest bytes, or padded to *length* bytes.

    Raises ValueError when it is negative without *signed*, or does not fit *length*.
    """
    if 0 <= value < 0x40 and length < 2:  # as most are
        return bytes((value,))
    if value < 0 and not signed:
        raise ValueError(f"{value} is negative and this LEB128 is unsigned")
    out = bytearray()
    rest = value
    while True:
        byte = rest & 0x7F
        rest >>= 7
        done = (
            rest == 0 if not signed else (rest == 0 and not byte & 0x40) or (rest == -1 and bool(byte & 0x40))
        )
        if done and len(out) + 1 >= length:
            out.append(byte)
            break
        out.append(byte | 0x80)
    if length and len(out) != length:
        raise ValueError(f"{value} does not fit {length} bytes of LEB128")
    return bytes(out)


def highest(kind: str) -> int:
    """The greatest number that an immediate of this kind can be."""
    return 0xFFFFFFFF if kind in FULL_KINDS else 0x7FFFFFFF


def read_leb(code: bytes, at: int, *, signed: bool = False, most: int = 0x7FFFFFFF) -> tuple[int, int]:
    """The number at *at* and the offset behind it.

    Raises ValueError when the code ends inside it, when it is not minimal, or is out of range
    (a signed one: -2**31 to 2**31 - 1; an unsigned one: 0 to *most*, which 32 bits hold).
    """
    if at < len(code) and code[at] < 0x40:  # most are as small, and the same with a sign and without
        return code[at], at + 1
    value = shift = 0
    while True:
        if at >= len(code):
            raise ValueError("the code ends inside an immediate")
        byte = code[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
        if shift >= 35:
            raise ValueError("an immediate exceeds 32 bits")
    if signed and byte & 0x40:
        value -= 1 << shift
    if not -(1 << 31) <= value <= most:
        raise ValueError("an immediate exceeds 32 bits")
    if shift > 7 and byte in (0, 0x7F):
        # A last byte that only repeats the sign, which is a bit of the one before in a signed number.
        sign = code[at - 2] & 0x40 if signed else 0
        if byte == (0x7F if sign else 0):
            raise ValueError("an immediate is not in its shortest form")
    return value, at


MAX_DECODED = 1 << 16  # instructions that a decoder remembers
_LOOK = -1  # among numbers of immediates: how long the instruction is, only a closer look can tell


class Decoder:
    """Finds the instructions in the code of modules that use the pages *pages*.

    Raises ModuleError when a page is unknown, its declarations differ, or two share a prefix.
    """

    def __init__(self, isa: Isa, pages: tuple[PageUse, ...]) -> None:
        self._core = isa.page(CORE.name)
        self._prefixed: dict[int, tuple[PageUse, dict[int, Opcode]]] = {}
        self._core_last = -1  # a module lists every page that it uses
        self._decoded: dict[bytes, tuple[Opcode, tuple[int, ...]]] = {}
        for use in pages:
            if use.name not in isa.pages:
                raise ModuleError(
                    f"it uses page {use.name}, which no plug-in that is loaded has: "
                    f"pip install tblvm-{use.name}, if it is called as others are, or name its file with -p"
                )
            page = isa.pages[use.name]
            if isa.fingerprint(use.name, use.last) != use.fingerprint:
                raise ModuleError(
                    f"it was made with other declarations of page {use.name}: "
                    "assemble it again, or install the version of the plug-in that it was made with"
                )
            if use.name == CORE.name:
                if use.prefix != -1:
                    raise ModuleError("the core page has no prefix")
                self._core_last = use.last
                continue
            fixed = page.prefix is not None
            if (fixed and use.prefix != page.prefix) or (not fixed and not 0xE0 <= use.prefix <= 0xFE):
                raise ModuleError(f"page {use.name} cannot have prefix {use.prefix:#x}")
            if use.prefix in self._prefixed:
                raise ModuleError(f"two pages have prefix {use.prefix:#x}")
            known = {code: op for code, op in isa.page(use.name).items() if code <= use.last}
            self._prefixed[use.prefix] = (use, known)
        # How many immediates stand behind a core opcode; behind an opcode with a prefix.
        last = self._core_last
        self._counts = _counts({code: opcode for code, opcode in self._core.items() if code <= last})
        self._behind = {prefix: _counts(known) for prefix, (_, known) in self._prefixed.items()}

    def at(self, code: bytes, offset: int) -> tuple[Opcode, tuple[int, ...], int]:
        """The opcode at *offset*, its immediates, and the offset behind them. Raises ValueError.

        The targets of a branch table are one immediate each, the default last.
        """
        byte = code[offset]
        offset += 1
        if byte in self._prefixed:
            use, known = self._prefixed[byte]
            if offset >= len(code):
                raise ValueError("the code ends behind a prefix byte")
            opcode = known.get(code[offset])
            if opcode is None:
                raise ValueError(f"{code[offset]:#04x} is no opcode of page {use.name}")
            offset += 1
        else:
            opcode = self._core.get(byte) if byte <= self._core_last else None
            if opcode is None:
                raise ValueError(f"{byte:#04x} is no opcode, and no prefix of a page that the module lists")
        immediates = []
        for kind in opcode.kinds:
            if offset < len(code) and code[offset] < 0x40:  # as most are
                value = code[offset]
                offset += 1
            else:
                value, offset = read_leb(code, offset, signed=kind in SIGNED_KINDS, most=highest(kind))
            if kind != "targets":
                immediates.append(value)
                continue
            if value >= len(code) - offset:
                raise ValueError("the code ends inside a branch table")
            for _ in range(value + 1):
                target, offset = read_leb(code, offset)
                immediates.append(target)
        return opcode, tuple(immediates), offset

    def split(self, code: bytes) -> list[bytes]:
        """The bytes of each instruction of *code*, as far as there are whole ones. An opcode is known then;
        `decode` tells whether the immediates are right, and `at` what is wrong behind the last one.

        An instruction's meaning depends on its bytes alone, not on where it stands: equal ones need be looked
        at only once.
        """
        found: list[bytes] = []
        counts, behind = self._counts, self._behind
        at, size = 0, len(code)
        try:
            while at < size:
                start = at
                byte = code[at]
                at += 1
                count = counts[byte]
                if count == _LOOK and byte in behind:
                    count = behind[byte][code[at]]
                    at += 1
                if count == _LOOK:
                    at = self.at(code, start)[2]
                    count = 0
                while count:
                    while code[at] > 0x7F:
                        at += 1
                    at += 1
                    count -= 1
                found.append(code[start:at])
        except (IndexError, ValueError):  # it ends inside one, or that is none
            pass
        return found

    def decode(self, instruction: bytes) -> tuple[Opcode, tuple[int, ...]]:
        """The opcode of an instruction that `split` found, and its immediates as `at` has them.

        Raises ValueError.
        """
        found = self._decoded.get(instruction)
        if found is None:
            opcode, immediates, _ = self.at(instruction, 0)
            if len(self._decoded) >= MAX_DECODED:
                self._decoded.clear()
            found = self._decoded[instruction] = opcode, immediates
        return found

    def instructions(self, code: bytes) -> Iterator[tuple[int, Opcode, tuple[int, ...], int]]:
        """(offset, opcode, immediates, next offset) of each instruction. Raises ValueError."""
        offset = 0
        while offset < len(code):
            opcode, immediates, after = self.at(code, offset)
            yield offset, opcode, immediates, after
            offset = after


def _counts(opcodes: Mapping[int, Opcode]) -> list[int]:
    """For each byte the number of immediates behind that opcode; _LOOK where it is none, or has a branch
    table."""
    found = [_LOOK] * 256
    for code, opcode in opcodes.items():
        if "targets" not in opcode.kinds:
            found[code] = len(opcode.kinds)
    return found


def relax(pieces: Sequence[bytes | int], places: Sequence[int] | Mapping[int, int]) -> list[int]:
    """The offset of each piece of a function's code, and the length of the whole behind them.

    A piece is bytes, or the number of a label: then a branch offset of the fewest bytes possible. Label
    n stands before piece places[n].
    """
    slots = [index for index, piece in enumerate(pieces) if isinstance(piece, int)]
    fixed = list(accumulate((0 if isinstance(each, int) else len(each) for each in pieces), initial=0))
    # For each slot what stands before its label: bytes of the pieces that are bytes, and slots.
    before = []
    for slot in slots:
        place = places[pieces[slot]]  # type: ignore[index]
        before.append((fixed[place], bisect_left(slots, place)))
    sizes = [1] * len(slots)
    grown = True
    while grown:
        grown = False
        widths = list(accumulate(sizes, initial=0))
        for index, (size, count) in enumerate(before):
            offset = size + widths[count]
            wanted = 1 if offset < 0x80 else 2 if offset < 0x4000 else len(write_leb(offset))
            if wanted > sizes[index]:
                sizes[index], grown = wanted, True
    found, index = list[int](), 0
    for number, start in enumerate(fixed):
        found.append(start + widths[index])
        if index < len(slots) and slots[index] == number:
            index += 1
    return found


class Rewriter:
    """Writes code with other immediates: *change* is given the kind and the value of each that is no branch
    target, and gives its new value, always the same."""

    def __init__(self, decoder: Decoder, change: Callable[[str, int], int]) -> None:
        self._decoder, self._change = decoder, change
        self._known: dict[bytes, tuple[bytes | int, ...]] = {}

    def rewrite(self, code: bytes) -> tuple[bytes, dict[int, int]]:
        """The new code, and where each instruction of *code* starts in it: branches go to the same
        instructions. Raises ValueError when *code* cannot be decoded or a new value cannot be written."""
        pieces: list[bytes | int] = []
        starts: dict[int, int] = {}  # of an instruction -> its first piece
        at = 0
        if len(self._known) > MAX_DECODED:
            self._known.clear()
        for instruction in self._decoder.split(code):
            starts[at] = len(pieces)
            at += len(instruction)
            known = self._known.get(instruction)
            if known is None:
                known = self._known[instruction] = self._pieces(instruction)
            pieces += known
        if at < len(code):
            self._decoder.at(code, at)  # which says what is wrong
        # A label for each target: its number is the offset that it had.
        offsets = relax(pieces, starts)
        made = b"".join(
            write_leb(offsets[starts[each]]) if isinstance(each, int) else each for each in pieces
        )
        return made, {at: offsets[first] for at, first in starts.items()}

    def _pieces(self, instruction: bytes) -> tuple[bytes | int, ...]:
        opcode, immediates = self._decoder.decode(instruction)
        pieces: list[bytes | int] = []
        head = instruction[: 1 if opcode.page == CORE else 2]
        many = len(opcode.kinds) - 1 if "targets" in opcode.kinds else -1
        for index, (kind, value) in enumerate(opcode.slots(immediates)):
            if index == many:
                head += write_leb(len(immediates) - len(opcode.kinds))
            if kind == "target":
                pieces += (head, value)
                head = b""
            else:
                head += write_leb(self._change(kind, value), signed=kind in SIGNED_KINDS)
        if head:
            pieces.append(head)
        return tuple(pieces)
