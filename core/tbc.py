"""The file form of a module, .tbc: writing it, and reading it without trusting a field.

    offset  bytes  header                              behind it
         0      4  "TBCO"                              44   u32 number of sections
         4    2+2  version, flags                      48   for each section, ascending kinds:
         8    4+4  constant pool: offset, size              u32 kind | REQUIRED, u32 offset, u32 size
        16    4+4  code: offset, size
        24    4+4  data of the pool: offset, size
        32  4+4+4  entry function, min_stack (cells), min_heap (bytes)

Everything is little-endian. Inside an area or section, items are packed in order of their indexes, so
that nothing can overlap, alias or blow up when it is read. docs/file-format.md has the whole format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import chain

from .code import read_leb, write_leb
from .errors import ModuleError
from .module import (
    EXPORT_KINDS,
    MAX_FRAME_CELLS,
    UNMEASURED,
    ArrayType,
    ClassType,
    Constant,
    DataSegment,
    Debug,
    ElementSegment,
    Export,
    Function,
    FunctionTable,
    FunctionType,
    Implementation,
    Import,
    InterfaceType,
    Memory,
    Module,
    PageUse,
    Shape,
    TypeEntry,
)
from .wellformed import check, components, is_wide, require

MAGIC = b"TBCO"
VERSION = 1
FLAG_COLLECTOR, FLAG_WIDE = 1, 2
HEADER = struct.Struct("<4sHH6I3I")
REQUIRED = 0x80000000
MAX_FILE = 0x7FFFFFFF

# Kinds of sections. 7 is kept for exception tables.
FUNCTIONS, LOCALS, TYPES, TYPE_LIST, GLOBALS, PAGES, SHAPES = 1, 2, 3, 4, 5, 6, 10
IMPORTS, EXPORTS = 8, 9
MEMORIES, DATA, TABLES, ELEMENTS = 11, 12, 13, 14
CLASSES = 15
NAMES, LINES, SOURCE = 16, 17, 18
SCREEN, START, FIXED = 19, 20, 21
_NEEDED = frozenset({FUNCTIONS, LOCALS, TYPES, TYPE_LIST, GLOBALS, PAGES, SHAPES})
_NEEDED |= {MEMORIES, DATA, TABLES, ELEMENTS, CLASSES, SCREEN, IMPORTS, START, FIXED}
SECTION_NAMES = {
    FUNCTIONS: "functions",
    LOCALS: "locals",
    TYPES: "types",
    TYPE_LIST: "type list",
    GLOBALS: "globals",
    PAGES: "pages",
    IMPORTS: "imports",
    EXPORTS: "exports",
    SHAPES: "shapes",
    MEMORIES: "memories",
    DATA: "data segments",
    TABLES: "tables",
    ELEMENTS: "element segments",
    CLASSES: "classes",
    NAMES: "names",
    LINES: "lines",
    SOURCE: "source",
    SCREEN: "screen",
    START: "start",
    FIXED: "fixed globals",
}

POOL_KINDS = {"i32": 1, "f32": 2, "i64": 3, "f64": 4, "string": 5}
_UTF16 = 6
_POOL_NAMES = {number: kind for kind, number in POOL_KINDS.items()}
_CLASS, _ARRAY, _FUNCTION, _INTERFACE = 1, 2, 3, 4
_PAGE = struct.Struct("<BBHQ")
_NONE = 0xFFFFFFFF  # no memory, no table; null among the functions of an element segment


# --- writing --------------------------------------------------------------------------------------------


def write(module: Module) -> bytes:
    """The module as a file. The same module always gives the same bytes.

    Raises ValueError when a function's max_stack is UNMEASURED (verify the module first), ModuleError
    when the module is malformed or its file would exceed 2 GiB.
    """
    for index, function in enumerate(module.functions):
        if function.max_stack == UNMEASURED:
            name = module.function_name(index)
            raise ValueError(f"function {name} has an unmeasured operand stack: verify the module first")
    check(module)
    pool, data = _write_pool(module.pool)
    code = b"".join(function.code for function in module.functions)
    sections = [(kind, body) for kind, body in _write_sections(module) if body]
    at = HEADER.size + 4 + 12 * len(sections)
    areas, body = [], bytearray()
    for area in (pool, code, data, *(section for _, section in sections)):
        body += bytes(-len(body) % 4)
        areas.append((at + len(body), len(area)))
        body += area
    require(at + len(body) <= MAX_FILE, "its file would exceed 2 GiB")
    flags = FLAG_COLLECTOR * module.collector | FLAG_WIDE * is_wide(module)
    ends = (module.entry, module.min_stack, module.min_heap)
    header = HEADER.pack(MAGIC, VERSION, flags, *chain.from_iterable(areas[:3]), *ends)
    table = struct.pack("<I", len(sections))
    for (kind, _), (offset, size) in zip(sections, areas[3:], strict=True):
        table += struct.pack("<3I", kind | (REQUIRED if kind in _NEEDED else 0), offset, size)
    return header + table + bytes(body)


def _words(values: Iterable[int]) -> bytes:
    numbers = tuple(values)
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _write_pool(pool: Sequence[Constant]) -> tuple[bytes, bytes]:
    rows, data = bytearray(), bytearray()
    for constant in pool:
        kind, value = POOL_KINDS[constant.kind], constant.value
        if isinstance(value, str):
            kind, body = _write_string(value)
        elif constant.kind in ("i64", "f64"):
            body = struct.pack("<Q", value & 0xFFFFFFFFFFFFFFFF)
        else:
            rows += struct.pack("<2I", kind, value & 0xFFFFFFFF)
            continue
        rows += struct.pack("<2I", kind, len(data))
        data += body + bytes(-len(body) % 4)
    return bytes(rows), bytes(data)


def _write_string(text: str) -> tuple[int, bytes]:
    try:
        units = text.encode("latin-1")
        return POOL_KINDS["string"], struct.pack("<I", len(units)) + units
    except UnicodeEncodeError:
        wide = text.encode("utf-16-le", "surrogatepass")
        return _UTF16, struct.pack("<I", len(wide) // 2) + wide


def _write_sections(module: Module) -> Iterable[tuple[int, bytes]]:
    functions, code_at, local_at = bytearray(), 0, 0
    for function in module.functions:
        count = len(function.locals)
        functions += struct.pack(
            "<6I", code_at, len(function.code), function.type, local_at, count, function.max_stack
        )
        code_at, local_at = code_at + len(function.code), local_at + count
    yield FUNCTIONS, bytes(functions)
    yield LOCALS, _words(chain.from_iterable(function.locals for function in module.functions))
    rows, listed = bytearray(), 0
    for entry in module.types:
        if isinstance(entry, ArrayType):
            rows += struct.pack("<4I", _ARRAY, entry.element, 0, 0)
            continue
        if isinstance(entry, ClassType):
            rows += struct.pack("<4I", _CLASS, len(entry.fields), 0, listed)
        elif isinstance(entry, InterfaceType):
            rows += struct.pack("<4I", _INTERFACE, len(entry.methods), 0, listed)
        else:
            rows += struct.pack("<4I", _FUNCTION, len(entry.parameters), len(entry.results), listed)
        listed += len(_listed(entry))
    yield TYPES, bytes(rows)
    lists = map(_listed, module.types)
    yield TYPE_LIST, _words(chain.from_iterable(lists))
    yield GLOBALS, _words(module.globals)
    yield PAGES, b"".join(map(_write_page, module.pages))
    yield IMPORTS, b"".join(map(_write_import, module.imports))
    yield EXPORTS, b"".join(map(_write_export, module.exports))
    yield SHAPES, b"".join(_words((s.function, s.offset, len(s.types), *s.types)) for s in module.shapes)
    yield MEMORIES, _words(chain.from_iterable((each.minimum, each.maximum) for each in module.memories))
    yield DATA, b"".join(map(_write_data, module.data))
    yield TABLES, _words(chain.from_iterable((each.minimum, each.maximum) for each in module.tables))
    yield ELEMENTS, b"".join(map(_write_elements, module.elements))
    yield CLASSES, b"".join(map(_write_class, range(len(module.types)), module.types))
    yield NAMES, _write_names(module.debug)
    yield LINES, b"".join(map(_write_lines, module.debug.lines))
    yield SOURCE, module.debug.source.encode()
    yield SCREEN, _words(module.screen) if any(module.screen) else b""
    yield START, _words(() if module.start is None else (module.start,))
    yield FIXED, _words(module.fixed_globals)


def _write_data(each: DataSegment) -> bytes:
    place = (_NONE if each.memory is None else each.memory, each.offset, len(each.content))
    return _words(place) + each.content + bytes(-len(each.content) % 4)


def _write_elements(each: ElementSegment) -> bytes:
    place = (_NONE if each.table is None else each.table, each.offset, len(each.functions))
    return _words(place) + _words(_NONE if index is None else index for index in each.functions)


def _listed(entry: TypeEntry) -> tuple[int, ...]:
    """What the type list has of an entry of the type table."""
    if isinstance(entry, ArrayType):
        return ()
    return entry.methods if isinstance(entry, InterfaceType) else components(entry)


def _write_class(index: int, entry: TypeEntry) -> bytes:
    """What a class inherits, overrides and implements; nothing for a class of fields only."""
    if not isinstance(entry, ClassType) or not (entry.superclass or entry.virtuals or entry.interfaces):
        return b""
    words = [index, entry.superclass, len(entry.virtuals), len(entry.interfaces), *entry.virtuals]
    for each in entry.interfaces:
        words += [each.interface, len(each.slots), *each.slots]
    return _words(words)


def _write_page(use: PageUse) -> bytes:
    return _PAGE.pack(use.prefix & 0xFF, use.last, len(use.name), use.fingerprint) + use.name.encode()


def _write_name(name: str) -> bytes:
    encoded = name.encode()
    return write_leb(len(encoded)) + encoded


def _write_import(each: Import) -> bytes:
    names = _write_name(each.module) + _write_name(each.name)
    return names + write_leb(EXPORT_KINDS.index(each.kind)) + write_leb(each.type)


def _write_export(each: Export) -> bytes:
    return _write_name(each.name) + write_leb(EXPORT_KINDS.index(each.kind)) + write_leb(each.index)


def _write_names(debug: Debug) -> bytes:
    def flat(names: Sequence[str]) -> bytes:
        return write_leb(len(names)) + b"".join(map(_write_name, names))

    def nested(table: Sequence[Sequence[str]]) -> bytes:
        return write_leb(len(table)) + b"".join(map(flat, table))

    flats = (debug.functions, debug.globals, debug.types)
    nests = (debug.fields, debug.locals, debug.methods)
    if not any((*flats, *nests)):
        return b""
    return b"".join((*map(flat, flats), *map(nested, nests)))


def _write_lines(rows: Sequence[tuple[int, int]]) -> bytes:
    out = bytearray(write_leb(len(rows)))
    offset = line = 0
    for next_offset, next_line in rows:
        out += write_leb(next_offset - offset) + write_leb(next_line - line, signed=True)
        offset, line = next_offset, next_line
    return bytes(out)


# --- reading --------------------------------------------------------------------------------------------


def read(data: bytes) -> Module:
    """The module in a file's bytes; its code is not yet verified.

    Raises ModuleError for everything that `write` would not have written in some module's place:
    wrong offsets, counts, types, flags, or an unknown section that is required.
    """
    require(len(data) <= MAX_FILE, "the file exceeds 2 GiB")
    require(data[:4] == MAGIC, "this is no .tbc file: it does not begin with TBCO")
    require(len(data) >= HEADER.size + 4, "the file ends inside its header")
    _, version, flags, *areas, entry, min_stack, min_heap = HEADER.unpack_from(data)
    require(version == VERSION, f"the file has version {version}; this tblvm reads version {VERSION}")
    require(flags & ~(FLAG_COLLECTOR | FLAG_WIDE) == 0, f"the file has unknown flags {flags:#x}")
    sections, table_end = _read_table(data)
    ranges = {"the constant pool": (areas[0], areas[1]), "the code": (areas[2], areas[3])}
    ranges["the data"] = (areas[4], areas[5])
    named = {f"section {SECTION_NAMES.get(kind, kind)}": place for kind, place in sections.items()}
    _check_ranges({**ranges, **named}, table_end, len(data))
    pool, code, blob = (data[offset : offset + size] for offset, size in ranges.values())
    body = {kind: data[offset : offset + size] for kind, (offset, size) in sections.items()}
    functions = _read_functions(body.get(FUNCTIONS, b""), body.get(LOCALS, b""), code)
    module = Module(
        types=_read_classes(
            _read_types(body.get(TYPES, b""), body.get(TYPE_LIST, b"")), body.get(CLASSES, b"")
        ),
        pool=_read_pool(pool, blob),
        globals=_read_words(body.get(GLOBALS, b""), "globals"),
        functions=functions,
        entry=entry,
        min_stack=min_stack,
        min_heap=min_heap,
        collector=bool(flags & FLAG_COLLECTOR),
        pages=_read_pages(body.get(PAGES, b"")),
        shapes=_read_shapes(body.get(SHAPES, b"")),
        memories=tuple(Memory(*row) for row in _rows(body.get(MEMORIES, b""), "<2I", "section memories")),
        data=_read_data(body.get(DATA, b"")),
        tables=tuple(FunctionTable(*row) for row in _rows(body.get(TABLES, b""), "<2I", "section tables")),
        elements=_read_elements(body.get(ELEMENTS, b"")),
        screen=_read_screen(body.get(SCREEN, b"")),
        imports=_read_imports(body.get(IMPORTS, b"")),
        exports=_read_exports(body.get(EXPORTS, b"")),
        start=_read_start(body.get(START, b"")),
        fixed_globals=_read_words(body.get(FIXED, b""), "fixed globals"),
        debug=_read_debug(body, len(functions)),
    )
    check(module)
    require(bool(flags & FLAG_WIDE) == is_wide(module), "the flag for 64-bit cells contradicts the types")
    return module


def _read_table(data: bytes) -> tuple[dict[int, tuple[int, int]], int]:
    """Offset and size of each section by kind, and the end of the section table."""
    (count,) = struct.unpack_from("<I", data, HEADER.size)
    start = HEADER.size + 4
    require(count <= (len(data) - start) // 12, "the file ends inside its section table")
    sections: dict[int, tuple[int, int]] = {}
    previous = -1
    for number in range(count):
        word, offset, size = struct.unpack_from("<3I", data, start + 12 * number)
        kind, required = word & ~REQUIRED, bool(word & REQUIRED)
        require(kind != previous, f"section {kind} occurs twice")
        require(kind > previous, "the sections are not in order of their kinds")
        previous = kind
        if kind in SECTION_NAMES:
            name = SECTION_NAMES[kind]
            require(
                required == (kind in _NEEDED), f"section {name} is marked wrongly as required or optional"
            )
            require(size > 0, f"section {name} is empty")
        elif required:
            raise ModuleError(f"it needs section {kind}, which this tblvm does not know: use a newer one")
        sections[kind] = (offset, size)
    return sections, start + 12 * count


def _check_ranges(ranges: dict[str, tuple[int, int]], start: int, end: int) -> None:
    for name, (offset, size) in ranges.items():
        require(start <= offset <= end and size <= end - offset, f"{name} is outside of the file")
    at, before = start, ""
    for name, (offset, size) in sorted(ranges.items(), key=lambda item: item[1]):
        if size:
            require(offset >= at, f"{name} overlaps {before}")
            at, before = offset + size, name


def _read_words(body: bytes, what: str) -> tuple[int, ...]:
    require(len(body) % 4 == 0, f"section {what} ends inside a row")
    return struct.unpack(f"<{len(body) // 4}I", body)


def _rows(body: bytes, row: str, what: str) -> Iterable[tuple[int, ...]]:
    layout = struct.Struct(row)
    require(len(body) % layout.size == 0, f"{what} ends inside a row")
    return layout.iter_unpack(body)


def _read_functions(body: bytes, local_body: bytes, code: bytes) -> tuple[Function, ...]:
    local_types = _read_words(local_body, "locals")
    functions: list[Function] = []
    code_at = local_at = 0
    for code_offset, size, kind, first, count, max_stack in _rows(body, "<6I", "section functions"):
        where = f"function {len(functions)}"
        require(code_offset == code_at, f"the code of {where} does not follow the one before")
        require(size <= len(code) - code_at, f"the code of {where} is outside of the code area")
        require(first == local_at, f"the locals of {where} do not follow those before")
        require(count <= len(local_types) - local_at, f"the locals of {where} are outside of their section")
        require(max_stack <= MAX_FRAME_CELLS, f"{where} has an operand stack of {max_stack} cells")
        mine = local_types[local_at : local_at + count]
        functions.append(Function(code[code_at : code_at + size], kind, mine, max_stack))
        code_at, local_at = code_at + size, local_at + count
    require(code_at == len(code), "the code area has bytes that belong to no function")
    require(local_at == len(local_types), "section locals has types that belong to no function")
    return tuple(functions)


def _read_types(body: bytes, list_body: bytes) -> tuple[TypeEntry, ...]:
    listed = _read_words(list_body, "type list")
    entries: list[TypeEntry] = []
    at = 0
    for kind, a, b, first in _rows(body, "<4I", "section types"):
        where = f"type {len(entries)}"
        if kind == _ARRAY:
            require(b == first == 0, f"{where} is an array with a list of types")
            entries.append(ArrayType(a))
            continue
        require(kind in (_CLASS, _FUNCTION, _INTERFACE), f"{where} has the unknown kind {kind}")
        require(kind == _FUNCTION or b == 0, f"{where} is a class with results")
        require(first == at and a + b <= len(listed) - at, f"the list of {where} is out of place")
        if kind == _CLASS:
            entries.append(ClassType(listed[at : at + a]))
        elif kind == _INTERFACE:
            entries.append(InterfaceType(listed[at : at + a]))
        else:
            entries.append(FunctionType(listed[at : at + a], listed[at + a : at + a + b]))
        at += a + b
    require(at == len(listed), "section type list has types that belong to no entry")
    return tuple(entries)


def _read_classes(entries: tuple[TypeEntry, ...], body: bytes) -> tuple[TypeEntry, ...]:
    """The entries with what section classes adds to them."""
    words = _read_words(body, "classes")
    complete = list(entries)
    at, previous = 0, -1

    def take(count: int) -> tuple[int, ...]:
        nonlocal at
        require(count <= len(words) - at, "section classes ends inside a row")
        at += count
        return words[at - count : at]

    while at < len(words):
        index, superclass, virtuals, interfaces = take(4)
        require(previous < index < len(entries), f"section classes has type {index} out of order")
        previous = index
        entry = entries[index]
        if not isinstance(entry, ClassType):
            raise ModuleError(f"section classes has type {index}, which is no class")
        require(bool(superclass or virtuals or interfaces), f"section classes says nothing of class {index}")
        functions = take(virtuals)
        implemented = []
        for _ in range(interfaces):
            code, count = take(2)
            implemented.append(Implementation(code, take(count)))
        complete[index] = ClassType(entry.fields, superclass, functions, tuple(implemented))
    return tuple(complete)


def _read_pool(rows: bytes, data: bytes) -> tuple[Constant, ...]:
    pool: list[Constant] = []
    at = 0
    for kind, value in _rows(rows, "<2I", "the constant pool"):
        where = f"pool entry {len(pool)}"
        if kind in (POOL_KINDS["i32"], POOL_KINDS["f32"]):
            signed = value - (value >> 31 << 32) if kind == POOL_KINDS["i32"] else value
            pool.append(Constant(_POOL_NAMES[kind], signed))
            continue
        require(kind in _POOL_NAMES or kind == _UTF16, f"{where} has the unknown kind {kind}")
        require(value == at, f"the data of {where} does not follow the one before")
        if kind in (POOL_KINDS["i64"], POOL_KINDS["f64"]):
            require(len(data) - at >= 8, f"{where} is outside of the data area")
            (number,) = struct.unpack_from("<q" if kind == POOL_KINDS["i64"] else "<Q", data, at)
            pool.append(Constant(_POOL_NAMES[kind], number))
            at += 8
        else:
            text, at = _read_string(data, at, kind == _UTF16, where)
            pool.append(Constant("string", text))
    require(at == len(data), "the data area has bytes that belong to no pool entry")
    return tuple(pool)


def _read_string(data: bytes, at: int, wide: bool, where: str) -> tuple[str, int]:
    require(len(data) - at >= 4, f"{where} is outside of the data area")
    (count,) = struct.unpack_from("<I", data, at)
    start, size = at + 4, count * (2 if wide else 1)
    end = start + size + -size % 4
    require(end <= len(data), f"{where} is outside of the data area")
    require(not any(data[start + size : end]), f"the padding behind {where} is not zero")
    units = data[start : start + size]
    if not wide:
        return units.decode("latin-1"), end
    require(any(units[1::2]), f"{where} is in UTF-16 although Latin-1 suffices")
    return units.decode("utf-16-le", "surrogatepass"), end


def _read_pages(body: bytes) -> tuple[PageUse, ...]:
    pages = []
    at = 0
    while at < len(body):
        require(len(body) - at >= _PAGE.size, "section pages ends inside a row")
        prefix, last, size, fingerprint = _PAGE.unpack_from(body, at)
        at += _PAGE.size
        require(size <= len(body) - at, "section pages ends inside a name")
        name = _text(body[at : at + size], "the name of a page")
        pages.append(PageUse(name, -1 if prefix == 0xFF else prefix, last, fingerprint))
        at += size
    return tuple(pages)


def _read_shapes(body: bytes) -> tuple[Shape, ...]:
    words = _read_words(body, "shapes")
    shapes = []
    at = 0
    while at < len(words):
        require(len(words) - at >= 3, "section shapes ends inside a row")
        function, offset, count = words[at : at + 3]
        at += 3
        require(count <= len(words) - at, "section shapes ends inside a row")
        shapes.append(Shape(function, offset, words[at : at + count]))
        at += count
    return tuple(shapes)


def _read_data(body: bytes) -> tuple[DataSegment, ...]:
    segments: list[DataSegment] = []
    at = 0
    while at < len(body):
        require(len(body) - at >= 12, "section data segments ends inside a row")
        memory, offset, size = struct.unpack_from("<3I", body, at)
        start = at + 12
        end = start + size
        at = end + -size % 4
        require(at <= len(body), "section data segments ends inside a segment")
        require(not any(body[end:at]), f"the padding behind data segment {len(segments)} is not zero")
        segments.append(DataSegment(body[start:end], None if memory == _NONE else memory, offset))
    return tuple(segments)


def _read_elements(body: bytes) -> tuple[ElementSegment, ...]:
    words = _read_words(body, "element segments")
    segments: list[ElementSegment] = []
    at = 0
    while at < len(words):
        require(len(words) - at >= 3, "section element segments ends inside a row")
        table, offset, count = words[at : at + 3]
        at += 3
        require(count <= len(words) - at, "section element segments ends inside a segment")
        functions = tuple(None if index == _NONE else index for index in words[at : at + count])
        segments.append(ElementSegment(functions, None if table == _NONE else table, offset))
        at += count
    return tuple(segments)


def _read_screen(body: bytes) -> tuple[int, int]:
    if not body:
        return 0, 0
    words = _read_words(body, "screen")
    require(len(words) == 2 and any(words), "section screen is not a width and a height")
    return words[0], words[1]


def _read_start(body: bytes) -> int | None:
    words = _read_words(body, "start")
    require(len(words) < 2, "section start is not one function")
    return words[0] if words else None


def _text(encoded: bytes, what: str) -> str:
    try:
        return encoded.decode()
    except UnicodeDecodeError:
        raise ModuleError(f"{what} is not UTF-8") from None


class _Stream:
    """Reads sections that are sequences of LEB128 numbers and of names."""

    def __init__(self, body: bytes, what: str) -> None:
        self.body, self.what, self.at = body, what, 0

    def number(self, *, signed: bool = False) -> int:
        try:
            value, self.at = read_leb(self.body, self.at, signed=signed)
        except ValueError as error:
            raise ModuleError(f"section {self.what}: {error}") from None
        return value

    def count(self) -> int:
        """A number of items, each of which takes at least a byte."""
        value = self.number()
        require(value <= len(self.body) - self.at, f"section {self.what} ends inside a list")
        return value

    def name(self) -> str:
        size = self.count()
        self.at += size
        return _text(self.body[self.at - size : self.at], f"a name in section {self.what}")

    def names(self) -> tuple[str, ...]:
        return tuple(self.name() for _ in range(self.count()))

    def lists(self) -> tuple[tuple[str, ...], ...]:
        return tuple(self.names() for _ in range(self.count()))

    def lines(self) -> tuple[tuple[int, int], ...]:
        rows = []
        offset = line = 0
        for _ in range(self.count()):
            offset, line = offset + self.number(), line + self.number(signed=True)
            rows.append((offset, line))
        return tuple(rows)

    def end(self) -> None:
        require(self.at == len(self.body), f"section {self.what} goes on behind its end")


def _read_imports(body: bytes) -> tuple[Import, ...]:
    stream = _Stream(body, "imports")
    found: list[Import] = []
    while stream.at < len(body):
        module, name, kind = stream.name(), stream.name(), stream.number()
        require(kind < len(EXPORT_KINDS), f"import {len(found)} has the unknown kind {kind}")
        found.append(Import(module, name, stream.number(), EXPORT_KINDS[kind]))
    return tuple(found)


def _read_exports(body: bytes) -> tuple[Export, ...]:
    stream = _Stream(body, "exports")
    found: list[Export] = []
    while stream.at < len(body):
        name, kind = stream.name(), stream.number()
        require(kind < len(EXPORT_KINDS), f"export {len(found)} has the unknown kind {kind}")
        found.append(Export(name, EXPORT_KINDS[kind], stream.number()))
    return tuple(found)


def _read_debug(body: dict[int, bytes], functions: int) -> Debug:
    source = _text(body.get(SOURCE, b""), "the name of the source file")
    lines: tuple[tuple[tuple[int, int], ...], ...] = ()
    if LINES in body:
        stream = _Stream(body[LINES], "lines")
        lines = tuple(stream.lines() for _ in range(functions))
        stream.end()
    if NAMES not in body:
        return Debug(source=source, lines=lines)
    stream = _Stream(body[NAMES], "names")
    names, global_names, type_names = stream.names(), stream.names(), stream.names()
    fields, local_names, methods = stream.lists(), stream.lists(), stream.lists()
    stream.end()
    named = any((names, global_names, type_names, fields, local_names, methods))
    require(named, "section names has no names")
    return Debug(source, names, global_names, type_names, fields, local_names, lines, methods)
