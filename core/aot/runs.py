"""Accesses to linear memory whose bounds are tested together.

A *run* is a piece of straight line in a loop: control enters at its first instruction and leaves behind its
last one. Addresses in it that differ by constants from one sum of what variables had when it began are a
*group*; one comparison in front says that all of a group are inside of memory and that no sum wraps. So a run
is printed twice: without the comparisons of its groups, and, where one in front fails, as it is: traps come
where they came before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...opcodes.ir import Node

# Of an access: where its instruction is, and the address in its op IR.
Site = tuple[int, Node]
# Runs in the loops of large functions are rarely what takes the time, and each is there twice: bytes of
# bytecode.
LOOP_BYTES = 1024
_TERMS = 3
_SAVED = 2  # comparisons, at least


@dataclass(frozen=True, slots=True)
class Sum:
    """An i32 as terms, C expressions of what variables had when the run began, plus a number; all modulo
    2^32."""

    terms: tuple[str, ...]
    number: int

    def plus(self, other: Sum) -> Sum | None:
        """None where that is too long to be of use."""
        terms = tuple(sorted((*self.terms, *other.terms)))
        return Sum(terms, self.number + other.number & 0xFFFFFFFF) if len(terms) <= _TERMS else None

    def shifted(self, by: int) -> Sum:
        """Times 2 to the power of *by*, which is below 32."""
        terms = tuple(sorted(f"({each} << {by}u)" for each in self.terms))
        return Sum(terms, self.number << by & 0xFFFFFFFF)

    @property
    def signed(self) -> int:
        """The number, taken as one of two's complement: pointers go back by as little as forward."""
        return self.number - (self.number >> 31 << 32)


@dataclass(frozen=True, slots=True)
class Access:
    """Bytes of memory at (sum modulo 2^32) + offset."""

    site: Site
    memory: int
    sum: Sum
    offset: int
    width: int

    @property
    def end(self) -> int:
        return self.sum.signed + self.offset + self.width


@dataclass(frozen=True, slots=True)
class Group:
    """Accesses whose sums have the same terms. name: of the C variable with the lowest of the addresses
    without their offsets, in 64 bits."""

    name: str
    accesses: tuple[Access, ...]

    @property
    def memory(self) -> int:
        return self.accesses[0].memory

    @property
    def low(self) -> int:
        return min(each.sum.signed for each in self.accesses)

    @property
    def bytes(self) -> int:
        """From the lowest address to the end of what is accessed."""
        return max(each.end for each in self.accesses) - self.low

    @property
    def saves(self) -> int:
        """Comparisons that are not made; compilers leave out equal ones."""
        return len({(each.sum.number, each.offset + each.width) for each in self.accesses}) - 1

    @property
    def declaration(self) -> str:
        """The C of its variable; one that would be negative is above every size of a memory."""
        terms = " + ".join(self.accesses[0].sum.terms)
        return f"const u64 {self.name} = (u64)({terms}) + {self.low & 0xFFFFFFFFFFFFFFFF:#x}ull;"

    @property
    def condition(self) -> str:
        """C that says that all of it is inside: the memory has at least so many bytes."""
        return f"{self.name} <= n{self.memory} - {self.bytes}u"

    def places(self) -> dict[Site, str]:
        """Site of each access -> its address in C."""
        return {
            each.site: f"{self.name} + {each.sum.signed + each.offset - self.low}u" for each in self.accesses
        }


@dataclass(slots=True)
class Run:
    """What is found out about a run while it is printed the first time. values: C expressions -> the sum that
    they are at this point; None where that is not known."""

    values: dict[str, Sum | None] = field(default_factory=dict)
    accesses: list[Access] = field(default_factory=list)

    def value(self, text: str) -> Sum | None:
        """What a C expression is: variables that were not written have what they had in the beginning."""
        if text in self.values:
            return self.values[text]
        if text[:2] == "0x" and text.endswith("u"):
            return Sum((), int(text[:-1], 0))
        return Sum((text,), 0) if text[1:].rstrip("i").isdigit() and text[0] in "ls" else None

    def computed(self, primitive: str, texts: list[str]) -> Sum | None:
        """What a pure operation gives."""
        if primitive not in ("add.i32", "sub.i32", "shl.i32"):
            return None
        one, other = map(self.value, texts)
        if one is None or other is None:
            return None
        if primitive == "add.i32":
            return one.plus(other)
        if other.terms:
            return None
        return one.plus(Sum((), -other.number)) if primitive == "sub.i32" else one.shifted(other.number & 31)

    def groups(self, memories: tuple[int, ...], first: int) -> list[Group]:
        """The groups that pay. memories: the bytes that each has at all times; first: number of the first
        one, for its name."""
        found: dict[tuple[int, tuple[str, ...]], list[Access]] = {}
        for each in self.accesses:
            if each.sum.terms:
                found.setdefault((each.memory, each.sum.terms), []).append(each)
        groups = [Group(f"b{at}", tuple(those)) for at, those in enumerate(found.values(), first)]
        groups = [each for each in groups if each.saves and each.bytes <= memories[each.memory]]
        return groups if sum(each.saves for each in groups) >= _SAVED else []
