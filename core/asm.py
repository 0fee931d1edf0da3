"""The assembler: the text form of a module, .tba. docs/assembly.md describes the language.

split      lines into top-level directives and blocks (.class, .interface, .func), declaring every name
settle     what is fixed by the order of declarations: options, pages, constants, the type table
translate  classes, globals and functions in the order of the text, each line once
relax      give branch offsets the fewest bytes, then put code, lines and shapes together
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from ..opcodes import Isa
from .asm_class import ClassBody, InterfaceBody
from .asm_function import FunctionBody
from .asm_import import ImportBody, read_names
from .asm_scope import Block, Name, Scope, Table, directive_of, read_declared, read_key
from .errors import Diagnostic, ModuleError, SourceError
from .module import (
    EXPORT_KINDS,
    MAX_ELEMENTS,
    MAX_PAGES,
    MAX_SCREEN,
    ArrayType,
    Constant,
    DataSegment,
    Debug,
    ElementSegment,
    Export,
    FunctionTable,
    Import,
    Memory,
    Module,
    Shape,
    TypeEntry,
)
from .text import FLOAT_WORDS, Fault, Token, Words, suggestion, tokenize
from .wellformed import check

NAME_TABLES = ("functions", "globals", "types", "fields", "locals", "methods")
_U32 = 0xFFFFFFFF
_BLOCKS = (".class", ".interface", ".func", ".data", ".elem")
_REPEATED = (".page", ".const", ".pool", ".global", ".type", ".memory", ".table", ".import", ".export")
# Directives of which the rest is read when all names are known.
_LATE = (".global", ".type", ".entry", ".start", ".import", ".export")


def assemble(source: str, isa: Isa, file: str = "<input>") -> Module:
    """The module that *source* describes, its functions not verified yet.

    A function's max_stack is UNMEASURED unless a `.max_stack` says it. *file* is what messages call the
    source, and its base name the default of `.source`. Raises SourceError at the first mistake.
    """
    assembler = _Assembler(isa, PurePath(file).name if file != "<input>" else "")
    try:
        return assembler.run(source)
    except Fault as fault:
        at = fault.token
        place = Diagnostic(fault.message, at.line, at.column, max(1, len(at.text)))
        raise SourceError(place, source, file) from None


class _Assembler:
    """One run of the assembler."""

    def __init__(self, isa: Isa, source_name: str) -> None:
        self.scope = Scope(isa)
        self.source_name = source_name
        self.numbers = {".stack": 0, ".heap": 0}
        self.screen = (0, 0)
        self.entry: Words | None = None
        self.start: Words | None = None
        self.seen: set[str] = set()
        self.collector, self.lines = False, True
        self.name_tables: set[str] | None = None
        self.typed: list[tuple[int, bool, Words]] = []  # .type: index in the table, has a handle, the rest
        self.global_types: list[Words] = []
        self.fixed: list[int] = []
        # Imports by their numbers: what was read, what is still to be read; by place in `blocks`, the number
        # of the import that a function calls.
        self.imports: dict[int, Import] = {}
        self.imported: dict[int, Words] = {}
        self.callers: dict[int, int] = {}
        self.exported: dict[str, Words] = {}  # by name what follows
        # Of a class or interface its index in the type table.
        self.blocks: list[tuple[int | None, Block]] = []
        self.memories: list[Memory] = []
        self.tables: list[FunctionTable] = []
        self.data_blocks: list[Block] = []
        self.element_blocks: list[Block] = []
        self.unnamed: dict[int, frozenset[str]] = {}  # of a class or interface: what has no names

    def run(self, source: str) -> Module:
        self._split([tokenize(text, number) for number, text in enumerate(source.splitlines(), 1)])
        for index, handled, words in self.typed:
            self._settle_type(index, handled, words)
        declared = [
            ClassBody(self.scope, index, block)
            if block.directive == ".class"
            else InterfaceBody(self.scope, index, block)
            for index, block in self.blocks
            if index is not None
        ]
        for each in declared:
            self.scope.types.entries[each.index] = each.entry()
            self.unnamed[each.index] = each.unnamed
        global_types = [self._global_type(index, words) for index, words in enumerate(self.global_types)]
        for number, named in self.imported.items():
            self.imports[number] = self._named_import(named)
        bodies = [self._body(at, block) for at, (index, block) in enumerate(self.blocks) if index is None]
        return self._finish(tuple(global_types), bodies)

    def _body(self, at: int, block: Block) -> FunctionBody:
        if block.directive != ".import":
            return FunctionBody(self.scope, block)
        number = self.callers[at]
        body = ImportBody(self.scope, block, number)
        self.imports[number] = body.imported
        return body

    # --- split ----------------------------------------------------------------------------------------

    def _split(self, lines: list[Words]) -> None:
        block: Block | None = None
        for words in lines:
            if words.next.kind == "end":
                continue
            directive = directive_of(words)
            if block is not None and directive not in _BLOCKS:
                if directive == ".end":
                    words.at = 2
                    words.finish()
                    block = None
                else:
                    block.body.append(words)
                continue
            if block is not None:
                raise Fault(f"{block.name.token.text} has no .end", block.name.token)
            if not directive:
                raise Fault("expected a directive: instructions stand between .func and .end", words.next)
            place = words.take()
            words.take()
            if directive in _BLOCKS:
                block = self._open(directive, words)
            else:
                self._top(directive, place, words)
        if block is not None:
            raise Fault(f"{block.name.token.text} has no .end", block.name.token)

    def _open(self, directive: str, words: Words) -> Block:
        name = read_declared(words)
        block = Block(directive, name, words)
        if directive == ".func":
            self.scope.functions.add(name)
            self.blocks.append((None, block))
        elif directive == ".data":
            self.scope.data.add(name)
            self.data_blocks.append(block)
        elif directive == ".elem":
            self.scope.elements.add(name)
            self.element_blocks.append(block)
        else:
            index = self.scope.types.reserve(name)
            self.scope.types.class_names[index] = name.recorded
            self.blocks.append((index, block))
        return block

    def _top(self, directive: str, place: Token, words: Words) -> None:
        actions: dict[str, Callable[[Words], None]] = {
            ".source": self._source,
            ".collector": self._collector,
            ".stack": lambda w: self._number(".stack", w),
            ".heap": lambda w: self._number(".heap", w),
            ".entry": self._entry,
            ".start": self._start,
            ".screen": self._screen,
            ".nolines": self._nolines,
            ".names": self._names,
            ".nonames": self._names,
            ".page": self.scope.pages.state,
            ".const": self._const,
            ".pool": self._pool,
            ".global": self._global,
            ".memory": self._memory,
            ".table": self._table,
            ".type": self._type,
            ".import": self._import,
            ".export": self._export,
        }
        if directive not in actions:
            known = [*actions, *_BLOCKS, ".end"]
            place = Token("word", directive, place.line, place.column)
            raise Fault(f"no directive is called {directive}{suggestion(directive, known)}", place)
        if directive not in _REPEATED:
            if directive in self.seen:
                raise Fault(f"{directive} occurs twice", Token("word", directive, place.line, place.column))
            self.seen.add(directive)
        actions[directive](words)
        if directive not in _LATE:
            words.finish()

    def _source(self, words: Words) -> None:
        self.source_name = words.string()

    def _collector(self, words: Words) -> None:
        self.collector = True

    def _nolines(self, words: Words) -> None:
        self.lines = False

    def _number(self, which: str, words: Words) -> None:
        self.numbers[which] = words.integer(0, _U32, suffixes="kKmMgG")

    def _screen(self, words: Words) -> None:
        width = words.integer(1, MAX_SCREEN)
        words.expect(",")
        self.screen = (width, words.integer(1, MAX_SCREEN))

    def _entry(self, words: Words) -> None:
        self.entry = words

    def _start(self, words: Words) -> None:
        self.start = words

    def _names(self, words: Words) -> None:
        self.name_tables = set()
        while words.next.kind == "word":
            token = words.take()
            if token.text not in NAME_TABLES:
                raise Fault(f"no names are called {token.text}{suggestion(token.text, NAME_TABLES)}", token)
            self.name_tables.add(token.text)

    def _const(self, words: Words) -> None:
        name = read_declared(words)
        self._add_constant(name, words.constant(_constant_kind(words)))

    def _pool(self, words: Words) -> None:
        name = read_declared(words) if words.next.kind == "handle" else None
        constant = words.constant(_constant_kind(words))
        if name is not None:
            self._add_constant(name, len(self.scope.pool))
        self.scope.pooled.setdefault(constant, len(self.scope.pool))
        self.scope.pool.append(constant)

    def _add_constant(self, name: Name, value: Constant | int) -> None:
        if name.key in self.scope.constants:
            raise Fault(f"constant {name.token.text} exists already", name.token)
        self.scope.constants[name.key] = value

    def _global(self, words: Words) -> None:
        self.scope.globals.add(read_declared(words))
        words.expect(":")
        self.global_types.append(words)

    def _memory(self, words: Words) -> None:
        self.scope.memories.add(read_declared(words))
        words.expect(":")
        self.memories.append(Memory(*_limits(words, MAX_PAGES)))

    def _table(self, words: Words) -> None:
        self.scope.tables.add(read_declared(words))
        words.expect(":")
        self.tables.append(FunctionTable(*_limits(words, MAX_ELEMENTS)))

    def _import_space(self, kind: str, words: Words) -> None:
        """`memory m: "module", "field", least, most`, table alike; `global g: "module", "field", T`."""
        place, name = words.next, read_declared(words)
        scopes = {"table": self.scope.tables, "memory": self.scope.memories, "global": self.scope.globals}
        names = scopes[kind]
        before = sum(each.kind == kind for each in self.imports.values())
        if len(names.names) != before:
            raise Fault(f"what is imported stands before each {kind} that is not", place)
        names.add(name)
        words.expect(":")
        self.imports[len(self.scope.imports.names)] = Import(*read_names(words), before, kind)
        self.scope.imports.names.append("")  # no code names it
        words.expect(",")
        if kind == "global":
            self.global_types.append(words)
        elif kind == "memory":
            self.memories.append(Memory(*_limits(words, MAX_PAGES)))
            words.finish()
        else:
            self.tables.append(FunctionTable(*_limits(words, MAX_ELEMENTS)))
            words.finish()

    def _import(self, words: Words) -> None:
        if words.next.text in EXPORT_KINDS[1:] and words.ahead(1).text not in (":", "("):
            self._import_space(words.take().text, words)
            return
        name, imports = read_declared(words), self.scope.imports
        if words.next.text != "(":
            words.expect(":")
            self.imported[imports.add(name)] = words
            return
        self.callers[len(self.blocks)] = len(imports.names)
        imports.names.append("")  # its name is the function's
        self.scope.functions.add(name)
        self.blocks.append((None, Block(".import", name, words)))

    def _export(self, words: Words) -> None:
        token = words.next
        if token.kind not in ("word", "string"):
            words.fail("the name of an export")
        name = token.value if token.kind == "string" else token.text
        if name in self.exported:
            raise Fault(f"export {token.text} exists already", token)
        self.exported[name] = words

    def _type(self, words: Words) -> None:
        handled = words.next.kind == "handle" and words.ahead(1).text == "="
        name = None
        if handled:
            token = words.next
            name = Name(read_key(words), "", token)
            words.expect("=")
        self.typed.append((self.scope.types.reserve(name), handled, words))

    # --- settle and translate -------------------------------------------------------------------------

    def _settle_type(self, index: int, handled: bool, words: Words) -> None:
        place = words.next
        entry: TypeEntry
        if place.text == "(":
            entry = self.scope.types.read_function(words)
        else:
            *_, opening, closing, _ = (place, *words.tokens)
            if (opening.text, closing.text) != ("[", "]"):
                raise Fault("expected an array type or a function type", place)
            # The array itself stands in this very line: only its element's type is looked up.
            end = Token("end", "", opening.line, opening.column)
            element = Words([*words.tokens[words.at : -3], end])
            entry = ArrayType(self.scope.types.read(element, stored=True))
            element.finish()
            words.at = len(words.tokens) - 1
        words.finish()
        if not handled:
            if entry in self.scope.types.known:
                raise Fault("this type is in the table already: give this one a handle", place)
            self.scope.types.known[entry] = index
        self.scope.types.entries[index] = entry

    def _global_type(self, index: int, words: Words) -> int:
        """`T`, or `fixed T`."""
        if words.next.text == "fixed" and words.ahead(1).kind in ("word", "string", "handle"):
            words.take()
            self.fixed.append(index)
        code = self.scope.types.read(words)
        words.finish()
        return code

    def _data(self, block: Block) -> DataSegment:
        """Strings, of which each character is a byte, and numbers, which are one each."""
        place = _place(block.head, self.scope.memories)
        content = bytearray()

        def item(words: Words) -> None:
            if words.next.kind == "string":
                token = words.next
                try:
                    content.extend(words.string().encode("latin-1"))
                except UnicodeEncodeError:
                    raise Fault(
                        "a character beyond U+00FF is no byte: write its bytes as \\xNN", token
                    ) from None
            else:
                content.append(words.integer(0, 0xFF))

        _items(block, item)
        return DataSegment(bytes(content), *place)

    def _elements(self, block: Block) -> ElementSegment:
        place = _place(block.head, self.scope.tables)
        functions: list[int | None] = []

        def item(words: Words) -> None:
            functions.append(None if words.accept("null") else self.scope.functions.find(words))

        _items(block, item)
        return ElementSegment(tuple(functions), *place)

    def _named_import(self, words: Words) -> Import:
        """`"module", "field", (T, …) -> R`."""
        names = read_names(words)
        words.expect(",")
        found = Import(*names, self.scope.types.read_signature(words))
        words.finish()
        return found

    def _exports(self) -> tuple[Export, ...]:
        """In order of names: `.export name`, a function of this name, or `.export name: [kind] thing`."""
        tables = (self.scope.functions, self.scope.tables, self.scope.memories, self.scope.globals)
        kinds = dict(zip(EXPORT_KINDS, tables, strict=True))
        found = []
        for name, words in sorted(self.exported.items()):
            kind = "function"
            if words.ahead(1).text == ":":
                words.take()
                words.take()
                if words.next.text in kinds and words.ahead(1).kind != "end":
                    kind = words.take().text
            found.append(Export(name, kind, kinds[kind].find(words)))
            words.finish()
        return tuple(found)

    # --- put together ---------------------------------------------------------------------------------

    def _finish(self, global_types: tuple[int, ...], bodies: list[FunctionBody]) -> Module:
        entry = self._find_entry(bodies)
        start = None if self.start is None else self._last_function(self.start)
        shapes = [
            Shape(index, offset, codes)
            for index, body in enumerate(bodies)
            for offset, codes in sorted(body.shapes())
        ]
        module = Module(
            types=tuple(each for each in self.scope.types.entries if each is not None),
            pool=tuple(self.scope.pool),
            globals=global_types,
            functions=tuple(body.function() for body in bodies),
            entry=entry,
            min_stack=self.numbers[".stack"],
            min_heap=self.numbers[".heap"],
            collector=self.collector,
            pages=self.scope.pages.uses(),
            shapes=tuple(shapes),
            memories=tuple(self.memories),
            data=tuple(map(self._data, self.data_blocks)),
            tables=tuple(self.tables),
            elements=tuple(map(self._elements, self.element_blocks)),
            screen=self.screen,
            imports=tuple(each for _, each in sorted(self.imports.items())),
            exports=self._exports(),
            start=start,
            fixed_globals=tuple(self.fixed),
            debug=self._debug(bodies),
        )
        try:
            check(module)
        except ModuleError as error:
            named = [body.name.token for body in bodies if body.name.recorded == error.function]
            raise Fault(error.message, (named or [bodies[entry].name.token])[0]) from None
        return module

    def _find_entry(self, bodies: list[FunctionBody]) -> int:
        if not bodies:
            raise Fault("the program has no function", Token("end", "", 1, 1))
        if self.entry is None:
            index = self.scope.functions.index.get((False, "main"))
            if index is None:
                raise Fault(
                    "no function is called main: name the first one to run by .entry", bodies[0].name.token
                )
            return index
        return self._last_function(self.entry)

    def _last_function(self, words: Words) -> int:
        index = self.scope.functions.find(words)
        words.finish()
        return index

    def _debug(self, bodies: list[FunctionBody]) -> Debug:
        count = len(self.scope.types.entries)
        type_names = tuple(self.scope.types.class_names.get(index, "") for index in range(count))
        field_names, method_names = (
            tuple(
                tuple(table[index].names) if index in table and what not in self.unnamed[index] else ()
                for index in range(count)
            )
            for what, table in (("fields", self.scope.fields), ("methods", self.scope.methods))
        )
        local_names = tuple(tuple(body.locals.names) if body.named else () for body in bodies)
        functions, global_names = tuple(self.scope.functions.names), tuple(self.scope.globals.names)

        def kept(what: str, any_name: bool) -> bool:
            return any_name if self.name_tables is None else what in self.name_tables

        return Debug(
            source=self.source_name,
            functions=functions if kept("functions", any(functions)) else (),
            globals=global_names if kept("globals", any(global_names)) else (),
            types=type_names if kept("types", any(type_names)) else (),
            fields=field_names if kept("fields", any(map(any, field_names))) else (),
            locals=local_names if kept("locals", any(map(any, local_names))) else (),
            lines=tuple(body.lines() for body in bodies) if self.lines else (),
            methods=method_names if kept("methods", any(map(any, method_names))) else (),
        )


def _limits(words: Words, highest: int) -> tuple[int, int]:
    """`least, most` of a memory or table; without a most, as many as there can be."""
    least = words.integer(0, highest)
    return least, words.integer(least, highest) if words.accept(",") else highest


def _place(words: Words, spaces: Table) -> tuple[int | None, int]:
    """Where a segment is from the start: `: memory, offset`, or nowhere."""
    place: tuple[int | None, int] = (None, 0)
    if words.accept(":"):
        space = spaces.find(words)
        words.expect(",")
        place = (space, words.integer(0, _U32))
    words.finish()
    return place


def _items(block: Block, item: Callable[[Words], None]) -> None:
    """The items of a segment, with commas between those in a line."""
    for words in block.body:
        if directive_of(words):
            raise Fault(f"{block.name.token.text} has no directives but .end", words.next)
        item(words)
        while words.accept(","):
            item(words)
        words.finish()


def _constant_kind(words: Words) -> str:
    """The type in front of a literal, "" when the literal is to say it by itself."""
    kinds = ("i32", "i64", "f32", "f64", "string")
    token = words.next
    if token.kind != "word" or token.text in FLOAT_WORDS:
        return ""
    if token.text not in kinds:
        raise Fault(f"{token.text} is no type of a constant: {' '.join(kinds)}", token)
    return words.take().text
