"""Tables of the memory room: object sizes, which globals hold references, what the classes of objects are."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from ..core.hierarchy import Hierarchy, interface_numbers
from ..core.module import ClassType, FunctionType, InterfaceType, Module
from ..core.parts import Table
from ..core.program import Program, type_sizes
from ..opcodes import types
from ..opcodes.values import LATIN1, UTF16


def type_tables(program: Program) -> tuple[Table, ...]:
    return (Table("types", "u32", type_sizes(program)),)


def global_tables(program: Program) -> tuple[Table, ...]:
    """A count and the indexes of the globals that hold references."""
    found = [i for i, code in enumerate(program.verified.module.globals) if types.is_reference_code(code)]
    return (Table("global_refs", "u32", struct.pack(f"<{len(found) + 1}I", len(found), *found)),)


def _words(name: str, numbers: Sequence[int]) -> Table:
    return Table(name, "u32", struct.pack(f"<{len(numbers)}I", *numbers))


def subtype_tables(program: Program) -> tuple[Table, ...]:
    """Table subtypes: two numbers for each type index, 0 to 15 those without a declaration: the type's own,
    and how many from there on its subtypes have. See `Hierarchy`."""
    module = program.verified.module
    hierarchy = Hierarchy(module.types)
    numbers = {types.CELLS.code: (1, 1), LATIN1: (2, 2), UTF16: (3, 1)}
    numbers[types.ANY.code] = (1, 3 + hierarchy.total)
    assert types.STRING.code == LATIN1, "the test for a string is one for both kinds"
    rows = [each for code in range(types.FIRST_MODULE_TYPE) for each in numbers.get(code, (0, 0))]
    for first, count in zip(hierarchy.first, hierarchy.count, strict=True):
        rows += (4 + first, count) if count else (0, 0)
    return (_words("subtypes", rows),)


def virtual_tables(program: Program) -> tuple[Table, ...]:
    """Tables virtuals: the functions of all classes' virtual methods; virtual_rows: where those of each entry
    of the type table begin."""
    functions: list[int] = []
    known: dict[tuple[int, ...], int] = {(): 0}
    rows = []
    for entry in program.verified.module.types:
        mine = entry.virtuals if isinstance(entry, ClassType) else ()
        if mine not in known:
            known[mine] = len(functions)
            functions += mine
        rows.append(known[mine])
    return (_words("virtuals", functions), _words("virtual_rows", rows))


def interface_tables(program: Program) -> tuple[Table, ...]:
    """Tables interfaces and interface_rows: at the row of an entry of the type table, for each method of each
    interface that it implements, counted through all interfaces, the function; interface_depths: for each
    method its number of parameters."""
    module = program.verified.module
    numbers = interface_numbers(module.types)
    wanted = []
    for index, found in enumerate(_implementations(module)):
        entry = module.types[index]
        columns: dict[int, int] = {}
        for interface, slots in found.items():
            assert isinstance(entry, ClassType)
            first = numbers[interface][1]
            columns |= {first + at: entry.virtuals[slot] for at, slot in enumerate(slots)}
        wanted.append(columns)
    table, rows = displaced(wanted, sum(len(e.methods) for e in module.types if isinstance(e, InterfaceType)))
    depths = []
    for each in module.types:
        for method in each.methods if isinstance(each, InterfaceType) else ():
            type_ = module.types[method]
            assert isinstance(type_, FunctionType)
            depths.append(len(type_.parameters))
    return (
        _words("interfaces", table),
        _words("interface_rows", rows),
        Table("interface_depths", "u8", bytes(depths), align=1),
    )


def implementor_tables(program: Program) -> tuple[Table, ...]:
    """Tables implementors and implementor_rows: at the row of a type index, for each interface that it
    implements, the type index itself."""
    module = program.verified.module
    numbers = interface_numbers(module.types)
    wanted: list[dict[int, int]] = [{} for _ in range(types.FIRST_MODULE_TYPE)]
    for index, found in enumerate(_implementations(module), types.FIRST_MODULE_TYPE):
        wanted.append({numbers[interface][0]: index for interface in found})
    table, rows = displaced(wanted, len(numbers))
    return (_words("implementors", table), _words("implementor_rows", rows))


def _implementations(module: Module) -> list[dict[int, tuple[int, ...]]]:
    """For each entry of the type table the interfaces that it implements, inherited ones too, with slots."""
    found: list[dict[int, tuple[int, ...]]] = []
    for entry in module.types:
        mine: dict[int, tuple[int, ...]] = {}
        if isinstance(entry, ClassType):
            if entry.superclass:
                mine |= found[entry.superclass - types.FIRST_MODULE_TYPE]
            mine |= {each.interface: each.slots for each in entry.interfaces}
        found.append(mine)
    return found


_TRIES = 16
NOTHING = 0xFFFFFFFF


def displaced(wanted: Sequence[Mapping[int, int]], columns: int) -> tuple[list[int], list[int]]:
    """A matrix with few entries as one array: row r has its column c at [rows[r] + c]. Rows lie over each
    other where they have no entry in the same place (row displacement: Tarjan and Yao, "Storing a sparse
    table", 1979; for methods: Driesen and Hoelzle, 1995). Gives the array and the rows. What no row has is
    NOTHING, but a place can be another row's."""
    table: list[int] = []
    rows: list[int] = []
    free = 0  # everything before is taken
    for row in wanted:
        if not row:
            rows.append(0)
            continue
        low = min(row)
        # A few places are tried, then the row goes behind all others: no program makes this slow.
        at = max(free, low)
        for _ in range(_TRIES):
            if all(at - low + c >= len(table) or table[at - low + c] == NOTHING for c in row):
                break
            at += 1
        else:
            at = max(len(table), low)
        start = at - low
        table += [NOTHING] * (start + max(row) + 1 - len(table))
        for column, value in row.items():
            table[start + column] = value
        while free < len(table) and table[free] != NOTHING:
            free += 1
        rows.append(start)
    # A test reads every column of a row.
    table += [NOTHING] * (max(rows, default=0) + columns - len(table))
    return table, rows
