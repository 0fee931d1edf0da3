"""What names mean in assembly: declarations, the type table, pages, the constant pool."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..opcodes import CORE, Isa, Opcode, types
from .module import ArrayType, Constant, FunctionType, PageUse, TypeEntry
from .text import Fault, Token, Words, suggestion

# How a name is found: whether it is a handle ($name, which the module does not keep), and its text.
Key = tuple[bool, str]
_PLUGIN_PREFIXES = range(0xE0, 0xFF)


@dataclass(slots=True)
class Name:
    """A declared name: how it is found, what the module records ("" for nothing), where it stands."""

    key: Key
    recorded: str
    token: Token


@dataclass(slots=True)
class Block:
    """A .class, .interface, .func, .data or .elem: its name, the rest of its first line, the lines up
    to .end."""

    directive: str
    name: Name
    head: Words
    body: list[Words] = field(default_factory=list)


def directive_of(words: Words) -> str:
    """The directive that the line begins with, "" if it does not."""
    if words.tokens[0].text != ".":
        return ""
    return "." + words.tokens[1].text if words.tokens[1].kind == "word" else ""


class Table:
    """Names of one kind, numbered from 0, or behind those of a table above: its names can be found here too,
    unless one of this table hides them."""

    def __init__(self, what: str, above: Table | None = None) -> None:
        self.what, self.above = what, above
        self.first: int = 0 if above is None else above.first + len(above.names)
        self.index: dict[Key, int] = {}
        self.names: list[str] = []

    def get(self, key: Key) -> int | None:
        """The number of what is called so; None for nothing."""
        table: Table | None = self
        while table is not None:
            if key in table.index:
                return table.index[key]
            table = table.above
        return None

    def add(self, name: Name) -> int:
        if name.key in self.index:
            raise Fault(f"{self.what} {name.token.text} exists already", name.token)
        number = self.index[name.key] = self.first + len(self.names)
        self.names.append(name.recorded)
        return number

    def find(self, words: Words) -> int:
        """The number of the one that the next word names."""
        token = words.next
        if token.kind == "number":
            raise Fault(f"there is no {self.what} {token.text}", token)
        key = read_key(words)
        found = self.get(key)
        if found is None:
            known: list[str] = []
            table: Table | None = self
            while table is not None and len(known) < 1000:
                known += [text for _, text in table.index]
                table = table.above
            raise Fault(f"no {self.what} is called {token.text}{suggestion(key[1], known)}", token)
        return found


def read_key(words: Words) -> Key:
    token = words.next
    if token.kind not in ("word", "string", "handle"):
        words.fail("a name")
    words.take()
    text = token.value if token.kind == "string" else token.text
    if not text:
        raise Fault("a name cannot be empty", token)
    return token.kind == "handle", text


def read_declared(words: Words) -> Name:
    """A name where it is declared: name, $handle, or $handle=name."""
    token = words.next
    key = read_key(words)
    if not key[0]:
        return Name(key, key[1], token)
    recorded = ""
    if words.accept("="):
        renamed, recorded = read_key(words)
        if renamed:
            raise Fault("a handle cannot stand for a handle", token)
    return Name(key, recorded, token)


class Types:
    """The type table: explicit entries first, in order of declaration, then others as they are used."""

    def __init__(self) -> None:
        self.named: dict[Key, int] = {}
        self.class_names: dict[int, str] = {}
        self.entries: list[TypeEntry | None] = []
        self.known: dict[TypeEntry, int] = {}

    def reserve(self, name: Name | None) -> int:
        if name is not None:
            if name.key in self.named:
                raise Fault(f"type {name.token.text} exists already", name.token)
            self.named[name.key] = len(self.entries)
        self.entries.append(None)
        return len(self.entries) - 1

    def intern(self, entry: TypeEntry) -> int:
        """The index of *entry*, which is added if it is not there."""
        if entry not in self.known:
            self.known[entry] = len(self.entries)
            self.entries.append(entry)
        return self.known[entry]

    def read(self, words: Words, *, stored: bool = False) -> int:
        """The type code of a type's name; *stored*: where a storage-only type can stand."""
        token = words.next
        built_in = types.BY_NAME.get(token.text) if token.kind == "word" else None
        if built_in is not None:
            words.take()
            code = built_in.code
        else:
            code = types.FIRST_MODULE_TYPE + self._module_type(words)
        depth = 0
        while words.accept("["):
            words.expect("]")
            code = types.FIRST_MODULE_TYPE + self.intern(ArrayType(code))
            depth += 1
        if built_in is not None and built_in.is_storage_only and not (stored or depth):
            raise Fault(f"{built_in} is for fields and elements only: here it is an i32", token)
        return code

    def _module_type(self, words: Words) -> int:
        token = words.next
        if token.kind not in ("word", "string", "handle"):
            words.fail("a type")
        key = read_key(words)
        index = self.named.get(key)
        if index is None:
            hint = suggestion(key[1], [*types.BY_NAME, *(text for _, text in self.named)])
            raise Fault(f"no type is called {token.text}{hint}", token)
        if isinstance(self.entries[index], FunctionType):
            raise Fault(f"{token.text} is a function type: no value has it", token)
        return index

    def read_function(self, words: Words, *receiver: int) -> FunctionType:
        """A function's type: (types) or (types) -> results; the *receiver*'s type before those."""
        parameters = [*receiver]
        words.expect("(")
        words.listed(lambda w: parameters.append(self.read(w)), ")")
        return FunctionType(tuple(parameters), self.read_results(words))

    def read_signature(self, words: Words) -> int:
        """The index of a function type: spelled out, or its handle."""
        if words.next.text == "(":
            return self.intern(self.read_function(words))
        token = words.next
        index = self.named.get(read_key(words)) if token.kind == "handle" else None
        if index is None or not isinstance(self.entries[index], FunctionType):
            raise Fault(f"{token.text or 'the end of the line'} is no function type", token)
        return index

    def read_results(self, words: Words) -> tuple[int, ...]:
        if not words.accept("->"):
            return ()
        results: list[int] = []
        if words.accept("("):
            words.listed(lambda w: results.append(self.read(w)), ")")
        else:
            results.append(self.read(words))
        return tuple(results)


class Pages:
    """The pages that code uses, and their prefix bytes in this module."""

    def __init__(self, isa: Isa) -> None:
        self.isa = isa
        self.prefixes: dict[str, int] = {}
        self.last: dict[str, int] = {}
        self.stated: dict[str, tuple[int, Token]] = {}

    def state(self, words: Words) -> None:
        """.page NAME [PREFIX] [last CODE]"""
        token = words.next
        name = token.value if token.kind == "string" else ""
        if name:
            words.take()
        while not name or words.accept("."):
            name += ("." if name else "") + read_key(words)[1]
        if name not in self.isa.pages:
            raise Fault(f"no page is called {name}{suggestion(name, self.isa.pages)}", token)
        if words.next.kind == "number":
            place = words.next
            prefix = words.integer(0, 0xFE)
            fixed = self.isa.pages[name].prefix
            if prefix != fixed if fixed is not None else prefix not in _PLUGIN_PREFIXES:
                raise Fault(f"page {name} cannot have prefix {prefix:#x}", place)
            if prefix in (each for page, each in self.prefixes.items() if page != name):
                raise Fault(f"prefix {prefix:#x} is taken", place)
            self.prefixes[name] = prefix
        if words.accept("last"):
            self.stated[name] = words.integer(0, 0xFF), token

    def encode(self, opcode: Opcode, token: Token) -> bytes:
        """The bytes of the opcode itself."""
        page = opcode.page.name
        self.last[page] = max(self.last.get(page, 0), opcode.code)
        prefix = self.prefix(page, token)
        return bytes([opcode.code] if prefix < 0 else [prefix, opcode.code])

    def prefix(self, page: str, token: Token) -> int:
        if page not in self.prefixes:
            fixed = self.isa.pages[page].prefix
            taken = self.prefixes.values()
            free = next((each for each in _PLUGIN_PREFIXES if each not in taken), None)
            if fixed is None and free is None:
                raise Fault("there are no more prefix bytes for pages of plug-ins", token)
            self.prefixes[page] = free if fixed is None else fixed  # type: ignore[assignment]
        return self.prefixes[page]

    def uses(self) -> tuple[PageUse, ...]:
        for name, (last, token) in self.stated.items():
            if last < self.last.get(name, 0):
                raise Fault(f"the code uses opcode {self.last[name]:#04x} of page {name}", token)
            self.last[name] = last
            self.prefix(name, token)
        order = sorted(self.last, key=lambda name: (name != CORE.name, name))
        return tuple(
            PageUse(name, self.prefixes[name], self.last[name], self.isa.fingerprint(name, self.last[name]))
            for name in order
        )


class Scope:
    """What the functions of a program have in common."""

    def __init__(self, isa: Isa) -> None:
        self.isa = isa
        self.types, self.pages = Types(), Pages(isa)
        self.functions, self.globals = Table("function"), Table("global")
        self.memories, self.data = Table("memory"), Table("data segment")
        self.tables, self.elements = Table("table"), Table("element segment")
        self.imports = Table("import")
        # By the index of a class or interface in the type table.
        self.fields: dict[int, Table] = {}
        self.methods: dict[int, Table] = {}
        self.superclasses: dict[int, int] = {}
        self.constants: dict[Key, Constant | int] = {}  # a constant, or the index of one in the pool
        self.pool: list[Constant] = []
        self.pooled: dict[Constant, int] = {}

    def intern(self, constant: Constant) -> int:
        """The index of *constant* in the pool, to which it is added if it is not there."""
        if constant not in self.pooled:
            self.pooled[constant] = len(self.pool)
            self.pool.append(constant)
        return self.pooled[constant]
