"""What classes inherit: subtypes, the layout of objects, numbers of interfaces.

Everything is computed for a whole type table at once, in time proportional to what all classes have
together, inherited or not; `wellformed` limits that. A superclass stands before its subclasses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..opcodes import types
from ..opcodes.values import HEADER_BYTES
from .module import ClassType, FunctionType, InterfaceType, TypeEntry

_FIRST = types.FIRST_MODULE_TYPE


class Hierarchy:
    """Which reference types may stand for which.

    Classes are numbered in preorder, so that the subclasses of one have the numbers behind its own and the
    test for a subclass is a comparison (Schubert, Papalaskaris and Taugher, "Determining type, part, color,
    and time relationships", 1983). first: for each entry of the type table its number, from 0; count: how
    many numbers it and its subclasses have; total: how many there are. Arrays are numbered as classes without
    relatives; interfaces and function types, of which there are no objects, have no number: -1, and a count
    of 0.
    """

    def __init__(self, entries: Sequence[TypeEntry]) -> None:
        parents = [e.superclass - _FIRST if isinstance(e, ClassType) else -1 for e in entries]
        self.count = [0 if _has_no_objects(entry) else 1 for entry in entries]
        for index in range(len(entries) - 1, -1, -1):
            if parents[index] >= 0:
                self.count[parents[index]] += self.count[index]
        self.first: list[int] = []
        free = [0] * len(entries)  # the number of the next subclass of each class
        root = 0
        for index, parent in enumerate(parents):
            if parent >= 0:
                number, free[parent] = free[parent], free[parent] + self.count[index]
            else:
                number, root = root, root + self.count[index]
            self.first.append(number if self.count[index] else -1)
            free[index] = number + 1
        self.total = root
        self._interfaces: list[frozenset[int]] = []
        for entry, parent in zip(entries, parents, strict=True):
            inherited = self._interfaces[parent] if parent >= 0 else frozenset()
            own = entry.interfaces if isinstance(entry, ClassType) else ()
            self._interfaces.append(inherited.union(each.interface for each in own) if own else inherited)

    def interfaces(self, code: int) -> frozenset[int]:
        """The type codes of the interfaces that class *code* implements, inherited ones too."""
        return self._interfaces[code - _FIRST]

    def assignable(self, given: int, wanted: int) -> bool:
        """Whether a value of type code *given* may stand where *wanted* is declared."""
        if given == wanted:
            return True
        if wanted < _FIRST:
            return wanted == types.ANY.code and types.is_reference_code(given)
        if given < _FIRST:
            return False
        below = self.first[given - _FIRST] - self.first[wanted - _FIRST]
        return 0 <= below < self.count[wanted - _FIRST] or wanted in self._interfaces[given - _FIRST]


def _has_no_objects(entry: TypeEntry) -> bool:
    return isinstance(entry, (InterfaceType, FunctionType))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where an object of a class has its fields. offsets: byte offsets of the fields that the class adds;
    size: of the object in bytes, header included, a multiple of 8; references: byte offsets of all fields
    that hold references, inherited ones first."""

    offsets: tuple[int, ...]
    size: int
    references: tuple[int, ...]
    _end: int = HEADER_BYTES
    # Size of a hole (1, 2 or 4) -> its offset. There is never more than one of a size: a field goes to the
    # end only when no hole holds it.
    _holes: dict[int, int] = field(default_factory=dict)


_EMPTY = Layout((), HEADER_BYTES, ())


def layouts(entries: Sequence[TypeEntry]) -> list[Layout]:
    """The layout of each class; an empty one for other entries of the type table.

    What a class adds stands behind its superclass's fields, or in holes between them; wider fields first so
    that there are few, otherwise in order of declaration. Every field is aligned to its size.
    """
    found: list[Layout] = []
    for entry in entries:
        if not isinstance(entry, ClassType):
            found.append(_EMPTY)
            continue
        above = found[entry.superclass - _FIRST] if entry.superclass else _EMPTY
        found.append(_extend(above, entry.fields))
    return found


def _extend(above: Layout, fields: tuple[int, ...]) -> Layout:
    end, holes = above._end, dict(above._holes)
    offsets = [0] * len(fields)
    for index in sorted(range(len(fields)), key=lambda i: -types.storage(fields[i]).size):
        size = types.storage(fields[index]).size
        hole = min((each for each in holes if each >= size), default=0)
        if hole:
            at = holes.pop(hole)
            while hole > size:  # the halves that are left
                hole //= 2
                holes[hole] = at + hole
        else:
            for step in (1, 2, 4):
                if step < size and end & step:
                    holes[step] = end
                    end += step
            at, end = end, end + size
        offsets[index] = at
    references = (at for at, code in zip(offsets, fields, strict=True) if types.is_reference_code(code))
    return Layout(tuple(offsets), (end + 7) & ~7, (*above.references, *references), end, holes)


def interface_numbers(entries: Sequence[TypeEntry]) -> dict[int, tuple[int, int]]:
    """For the type code of each interface: which it is among the interfaces, and the number of its first
    method among the methods of all interfaces."""
    found: dict[int, tuple[int, int]] = {}
    methods = 0
    for index, entry in enumerate(entries):
        if isinstance(entry, InterfaceType):
            found[_FIRST + index] = (len(found), methods)
            methods += len(entry.methods)
    return found
