"""Pass `unused`: a module without what nothing reachable from its entry point and its exports uses.

    work list   functions, types, constants, globals, segments, imports, by kind and index; the entry point
                and exports first
    a function  brings what its code, its types and its shapes name; a class its superclass, its interfaces
                and the functions of all its methods, whether somebody calls them or not
    the rest    goes; what stays keeps its order and gets new numbers in code, tables and names

Nothing that a program can tell changes: output, traps, traces, fuel. Memories, tables and what is in them
from the start stay, since how far others can grow depends on them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from ..core.code import Decoder, Rewriter
from ..core.module import (
    ArrayType,
    ClassType,
    Debug,
    Function,
    FunctionType,
    InterfaceType,
    Module,
    PageUse,
    Shape,
    TypeEntry,
)
from ..core.verified import Verified
from ..opcodes import Isa, types
from ..stack.kinds import FREE_MOVES, MOVES_PER_BYTE

T = TypeVar("T")
FIRST = types.FIRST_MODULE_TYPE

# What an immediate names: the kind of thing. Type codes count from FIRST.
_NAMES = {
    "func": "functions",
    "pool": "pool",
    "global": "globals",
    "data": "data",
    "elem": "elements",
    "import": "imports",
    "functype": "types",
    "class": "types",
    "interface": "types",
    "array": "types",
    "reftype": "types",
}
# Kinds of exports and imports that can get other numbers, and what the numbers are of.
_EXPORTED = {"function": "functions", "global": "globals"}
_IMPORTED = {"function": "types", "global": "globals"}
_CODES = frozenset({"class", "interface", "array", "reftype"})
_KINDS = ("functions", "types", "pool", "globals", "data", "elements", "imports")


def run(verified: Verified, isa: Isa) -> Module:
    """The module without what is not used: the same object where everything is."""
    module = verified.module
    reach = _Reach(verified, isa)
    kept = {kind: sorted(reach.found[kind]) for kind in _KINDS}
    if all(len(kept[kind]) == len(getattr(module, kind)) for kind in _KINDS):
        return module
    if not _may_shrink(module, kept["functions"]):
        return module
    return _Smaller(module, reach, kept, isa).module()


def _may_shrink(module: Module, functions: Iterable[int]) -> bool:
    """Whether what is left is sure to keep the verifier's limit of cells that calls and returns move, which
    depends on the size of all code: no instruction of n bytes moves more than n times the widest type."""
    size = sum(len(module.functions[index].code) for index in functions)
    called = [each for each in module.types if isinstance(each, FunctionType)]
    widest = max((len(each.parameters) + len(each.results) for each in called), default=0)
    return size * widest <= FREE_MOVES + MOVES_PER_BYTE * size


class _Reach:
    """What is reachable. found: indexes by kind; forms: numbers of the forms that reachable code has."""

    def __init__(self, verified: Verified, isa: Isa) -> None:
        self.verified, self.module = verified, verified.module
        self.decoder = Decoder(isa, self.module.pages)
        self.found: dict[str, set[int]] = {kind: set() for kind in _KINDS}
        self.forms: set[int] = set()
        self._work: list[tuple[str, int]] = []
        self._shapes: dict[int, list[Shape]] = {}
        for shape in self.module.shapes:
            self._shapes.setdefault(shape.function, []).append(shape)
        naming = (
            any(slot.kind in _NAMES for slot in form.declaration.signature.immediates)
            for form in verified.forms
        )
        self._naming = frozenset(number for number, names in enumerate(naming) if names)
        self._roots()
        while self._work:
            kind, index = self._work.pop()
            if kind == "functions":
                self._function(index)
            elif kind == "types":
                self._type(self.module.types[index])
            elif kind == "globals":
                self._codes((self.module.globals[index],))
            elif kind == "imports" and self.module.imports[index].kind == "function":
                self.add("types", self.module.imports[index].type)
            elif kind == "elements":
                self._functions(self.module.elements[index].functions)

    def add(self, kind: str, index: int) -> None:
        if index not in self.found[kind]:
            self.found[kind].add(index)
            self._work.append((kind, index))

    def _roots(self) -> None:
        self.add("functions", self.module.entry)
        if self.module.start is not None:
            self.add("functions", self.module.start)
        # What else is imported is the host's business too: it is asked for, used or not.
        for number, each in enumerate(self.module.imports):
            if each.kind != "function":
                self.add("imports", number)
            if each.kind == "global":
                self.add("globals", each.type)
        for export in self.module.exports:
            if export.kind in _EXPORTED:
                self.add(_EXPORTED[export.kind], export.index)
        for number, data in enumerate(self.module.data):
            if data.memory is not None:
                self.add("data", number)
        for number, elements in enumerate(self.module.elements):
            if elements.table is not None:
                self.add("elements", number)

    def _codes(self, codes: Iterable[int]) -> None:
        for code in codes:
            if code >= FIRST:
                self.add("types", code - FIRST)

    def _functions(self, functions: Iterable[int | None]) -> None:
        for function in functions:
            if function is not None:
                self.add("functions", function)

    def _function(self, index: int) -> None:
        function, checked = self.module.functions[index], self.verified.functions[index]
        self.add("types", function.type)
        self._codes(function.locals)
        for shape in self._shapes.get(index, ()):
            self._codes(shape.types)
        forms = set(checked.forms)
        self.forms |= forms
        if self._naming.isdisjoint(forms):
            return
        for at, form in zip(checked.offsets, checked.forms, strict=True):
            if form in self._naming:
                opcode, immediates, _ = self.decoder.at(function.code, at)
                for kind, value in opcode.slots(immediates):
                    if kind in _CODES:
                        self._codes((value,))
                    elif kind in _NAMES:
                        self.add(_NAMES[kind], value)

    def _type(self, entry: TypeEntry) -> None:
        if isinstance(entry, FunctionType):
            self._codes((*entry.parameters, *entry.results))
        elif isinstance(entry, ArrayType):
            self._codes((entry.element,))
        elif isinstance(entry, InterfaceType):
            for method in entry.methods:
                self.add("types", method)
        else:
            self._codes((*entry.fields, entry.superclass, *(each.interface for each in entry.interfaces)))
            self._functions(entry.virtuals)


class _Smaller:
    """The module with what is *kept* alone."""

    def __init__(self, module: Module, reach: _Reach, kept: dict[str, list[int]], isa: Isa) -> None:
        self.old, self.reach, self.kept, self.isa = module, reach, kept, isa
        self.new = {kind: {old: new for new, old in enumerate(kept[kind])} for kind in _KINDS}

    def module(self) -> Module:
        old, kept = self.old, self.kept
        functions, places = self._functions()
        shapes = tuple(
            Shape(
                self.new["functions"][each.function],
                places[each.function][each.offset],
                self.codes(each.types),
            )
            for each in old.shapes
            if each.function in self.new["functions"]
        )
        return replace(
            old,
            types=tuple(self._entry(old.types[index]) for index in kept["types"]),
            pool=_chosen(old.pool, kept["pool"]),
            globals=self.codes(_chosen(old.globals, kept["globals"])),
            functions=functions,
            entry=self.new["functions"][old.entry],
            start=None if old.start is None else self.new["functions"][old.start],
            fixed_globals=tuple(
                self.new["globals"][index] for index in old.fixed_globals if index in self.new["globals"]
            ),
            pages=self._pages(),
            shapes=shapes,
            data=_chosen(old.data, kept["data"]),
            elements=tuple(
                replace(each, functions=tuple(map(self._reference, each.functions)))
                for each in _chosen(old.elements, kept["elements"])
            ),
            imports=tuple(
                replace(each, type=self.new[_IMPORTED[each.kind]][each.type])
                if each.kind in _IMPORTED
                else each
                for each in _chosen(old.imports, kept["imports"])
            ),
            exports=tuple(
                replace(each, index=self.new[_EXPORTED[each.kind]][each.index])
                if each.kind in _EXPORTED
                else each
                for each in old.exports
            ),
            debug=self._debug(places),
        )

    def code(self, code: int) -> int:
        """A type code."""
        return code if code < FIRST else FIRST + self.new["types"][code - FIRST]

    def codes(self, codes: Iterable[int]) -> tuple[int, ...]:
        return tuple(map(self.code, codes))

    def _reference(self, function: int | None) -> int | None:
        return None if function is None else self.new["functions"][function]

    def _immediate(self, kind: str, value: int) -> int:
        if kind in _CODES:
            return self.code(value)
        return self.new[_NAMES[kind]][value] if kind in _NAMES else value

    def _functions(self) -> tuple[tuple[Function, ...], dict[int, dict[int, int]]]:
        """The functions, and for each old one where its instructions are now."""
        functions, places = [], {}
        rewriter = Rewriter(self.reach.decoder, self._immediate)
        for index in self.kept["functions"]:
            function = self.old.functions[index]
            code, places[index] = rewriter.rewrite(function.code)
            functions.append(
                replace(
                    function,
                    code=code,
                    type=self.new["types"][function.type],
                    locals=self.codes(function.locals),
                )
            )
        return tuple(functions), places

    def _entry(self, entry: TypeEntry) -> TypeEntry:
        if isinstance(entry, FunctionType):
            return FunctionType(self.codes(entry.parameters), self.codes(entry.results))
        if isinstance(entry, ArrayType):
            return ArrayType(self.code(entry.element))
        if isinstance(entry, InterfaceType):
            return InterfaceType(tuple(self.new["types"][method] for method in entry.methods))
        return ClassType(
            self.codes(entry.fields),
            self.code(entry.superclass),
            tuple(self.new["functions"][each] for each in entry.virtuals),
            tuple(replace(each, interface=self.code(each.interface)) for each in entry.interfaces),
        )

    def _pages(self) -> tuple[PageUse, ...]:
        """The pages that are still used, up to the last opcode that is."""
        last: dict[str, int] = {}
        for number in self.reach.forms:
            declaration = self.reach.verified.forms[number].declaration
            last[declaration.page.name] = max(declaration.code, last.get(declaration.page.name, 0))
        return tuple(
            replace(use, last=last[use.name], fingerprint=self.isa.fingerprint(use.name, last[use.name]))
            for use in self.old.pages
            if use.name in last
        )

    def _debug(self, places: dict[int, dict[int, int]]) -> Debug:
        debug, kept = self.old.debug, self.kept
        lines = debug.lines and tuple(
            _moved(debug.lines[index], places[index]) for index in kept["functions"]
        )
        return replace(
            debug,
            functions=self._function_names(),
            globals=_chosen(debug.globals, kept["globals"]),
            types=_chosen(debug.types, kept["types"]),
            fields=_chosen(debug.fields, kept["types"]),
            locals=_chosen(debug.locals, kept["functions"]),
            lines=lines,
            methods=_chosen(debug.methods, kept["types"]),
        )

    def _function_names(self) -> tuple[str, ...]:
        """Those that were called by their number are still called so."""
        names, moved = self.old.debug.functions, False
        found = []
        for new, index in enumerate(self.kept["functions"]):
            own = names[index] if names else ""
            if not own and new != index:
                own, moved = self.old.function_name(index), True
            found.append(own)
        return tuple(found) if names or moved else ()


def _chosen(table: Sequence[T], indexes: Sequence[int]) -> tuple[T, ...]:
    """These rows of a table; nothing of one that is not there."""
    return tuple(table[index] for index in indexes) if table else ()


def _moved(rows: Sequence[tuple[int, int]], places: dict[int, int]) -> tuple[tuple[int, int], ...]:
    """A line table: a row may stand within an instruction, and then holds from the next one on."""
    starts = sorted(places)
    found: dict[int, int] = {}
    for offset, line in rows:
        at = bisect_left(starts, offset)
        if at < len(starts):
            found[places[starts[at]]] = line
    return tuple(sorted(found.items()))
