"""MicroLibrary: the smallest thing that is composed and measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..opcodes import Service, Trap, types

if TYPE_CHECKING:
    from ..builder.compose import Composition
    from ..builder.report import Report
    from ..builder.resolve import Plan
    from ..opcodes import Isa
    from .module import Module
    from .program import Program, Use
    from .superinstructions.profile import Function
    from .verified import Verified


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of a micro-library, fixed when the runtime is built.

    name: unique among all options; `tbbuild -O name=value`. default: its value otherwise. kind: "size"
    (bytes, K/M/G allowed), "number", "duration" (milliseconds), "flag" (0 or 1), "text". macro: its name
    in C, where a text is a string literal in UTF-8. doc: one sentence. minimum, maximum: the values
    allowed, of a text the bytes. enables: whether giving it a value brings its micro-library in. limit:
    whether a host may choose another value for each instance that it makes: C has a context `cx` wherever it
    reads the macro. hosted: the default where there is a host, if it is another one; fast: where the mode or
    the engine asks for speed. Libraries that fill the same interface may share an option: an equal one.
    """

    name: str
    default: int | str
    kind: str
    macro: str
    doc: str
    minimum: int = 0
    maximum: int = 0x7FFFFFFF
    enables: bool = False
    limit: bool = False
    hosted: int | str | None = None
    fast: int | str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Read-only data about the program, for the runtime to read.

    name: the C identifier behind `tb_image_`, read in C as tb_<name>(cx). ctype: the element type (u8,
    u16, u32, u64 or a struct declared in the library's header). data: little-endian bytes. align: of its
    first byte.
    """

    name: str
    ctype: str
    data: bytes
    align: int = 4


@dataclass(frozen=True, slots=True)
class Memory:
    """Zeroed memory that a micro-library has while the program runs, of a size that settings decide.

    name: C gets it by TB_MEMORY_<NAME>(cx, address, bytes), once; the address is where it is wanted if it is
    mapped, null for anywhere. doc: what a report calls it. bytes: its size, at most; asked without a program
    for a runtime that is given its programs at run time. array: whether little of it may be an array; the
    library comes by it in its own way otherwise.
    """

    name: str
    doc: str
    bytes: Callable[[Plan, Program | None], int]
    array: bool = True


@dataclass(frozen=True, slots=True)
class NativeImport:
    """A C function of a micro-library that programs import.

    module, name: what they import it by. parameters, result: names of number types (i32, i64, f32, f64); ""
    for no result. c: `R c(struct tb_context *cx, …)`, with u32, u64, float and double; where it can end the
    program `u32 c(struct tb_context *cx, …, R *result)`, which gives 0 or a number of tb_native.h. ends:
    whether it can. doc: one line.
    """

    module: str
    name: str
    parameters: tuple[str, ...]
    result: str
    c: str
    doc: str
    ends: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Both names."""
        return self.module, self.name

    @property
    def codes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The type codes of its parameters and of its results."""
        results = (self.result,) if self.result else ()
        parameters, given = (
            tuple(types.BY_NAME[name].code for name in names) for names in (self.parameters, results)
        )
        return parameters, given


@dataclass(frozen=True, slots=True)
class MicroLibrary:
    """A part of a runtime: what it is, what it needs, what it adds.

    name: as features, `--only` and reports name it; a dot separates a variant from its group.
    doc: one line. room: the folder with its Python and C. size: a typical number of bytes of code, by
    which the builder chooses among those that fill the same interface.

    provides: interfaces that it fills (exactly one library of a runtime fills each).
    requires: libraries or interfaces that must be there too. conflicts: libraries that must not.

    sources: C files, relative to room. headers: folders with headers for others.
    services: declared services whose C functions are in `sources`. traps: kinds that its C raises by
    itself, as TB_TRAP_<name>.
    context, store: C declarations of the members it adds to these structs.
    on_start, on_finish, on_before_block: C functions (struct tb_context *) to call when the program
    starts, when it ends, and before a service blocks. on_enter, on_leave: C functions (struct tb_context
    *inner, struct tb_context *outer), in place of those where a program runs another one: how the inner
    one takes over what both share, and gives it back. on_release: C functions (struct tb_context *) that give
    back what a program has of the system beside memory, when its instance goes; not where a process ends.
    on_places: C functions (struct tb_context *) that tell every directory in which the program opens files
    while it runs by TB_PLACE(cx, descriptor, changes): those stay where a process shuts itself in.
    recursive: C functions that call themselves by way of others -> the option that says how many calls of
    one are under way at most. on_roots: C functions that hand every reference
    kept outside frames to `tb_gc_root(cx, tb_ref *)`. on_trap: C functions that add to the report of an
    uncaught trap. options: settings. macros: C macros that others can rely on (NAME -> value).
    comes_along: as soon as all that it requires is there, unasked: "needed" for what must be there then,
    "welcome" for what stays out where it is denied.
    prototypes: C declarations that its macros need.
    needs_barrier: of a collector: reference stores call `tb_barrier(cx, holder, value)`, which its header
    declares. include: headers that the engine includes for it.
    memory: what it has beside its state. tables: gives the read-only data about a program that it reads.
    on_load: C functions (struct tb_context *, struct tb_module *) that make the same tables of a module that
    is loaded at run time, by TB_SET_TABLE; load_sources: C files with these, which only runtimes that load
    modules have.
    constants: gives C macros (NAME -> number) that depend on the program; on None for a runtime that is given
    its programs at run time, whose numbers are the most that it takes.
    generated: gives C about the runtime itself, which is compiled with its sources.
    ways_out: for interfaces that nothing may fill: what a person can do then (name -> half a sentence).
    imports: its C functions that programs can import; a runtime has those that its program imports.
    guarded: of linear memory: what is outside of one cannot be touched. Engines print accesses without
    comparisons, by the macros of tb_faults.h, which is in `include`.
    faster_in: in runtimes with one of these interfaces, modes that ask for speed take it before others that
    fill the same interface and have fewer bytes.
    """

    name: str
    doc: str
    room: Path
    size: int = 0
    provides: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    services: tuple[Service[..., Any], ...] = ()
    traps: tuple[Trap, ...] = ()
    context: str = ""
    store: str = ""
    on_start: tuple[str, ...] = ()
    on_finish: tuple[str, ...] = ()
    on_enter: tuple[str, ...] = ()
    on_leave: tuple[str, ...] = ()
    on_release: tuple[str, ...] = ()
    on_places: tuple[str, ...] = ()
    recursive: Mapping[str, str] = field(default_factory=dict)
    on_before_block: tuple[str, ...] = ()
    on_roots: tuple[str, ...] = ()
    on_trap: tuple[str, ...] = ()
    comes_along: Literal["", "needed", "welcome"] = ""
    prototypes: str = ""
    needs_barrier: bool = False
    include: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    macros: Mapping[str, str] = field(default_factory=dict)
    memory: tuple[Memory, ...] = ()
    tables: Callable[[Program], tuple[Table, ...]] | None = None
    constants: Callable[[Program | None], Mapping[str, int]] | None = None
    on_load: tuple[str, ...] = ()
    load_sources: tuple[str, ...] = ()
    generated: Callable[[Composition], str] | None = None
    ways_out: Mapping[str, str] = field(default_factory=dict)
    imports: tuple[NativeImport, ...] = ()
    guarded: bool = False
    faster_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """A translator from a program's content to a module.

    name: what messages call it. recognises: whether content of a file of this name is its business; the
    content decides, the name only where content cannot. translate: content, file name and instruction set to
    a module; raises SourceError or ModuleError. options: settings of it, `tbbuild -O NAME=VALUE`;
    where there are some, translate takes their values (name -> value) behind the instruction set. reads: for
    the same content, name and values the files besides that the module is made of, where there can be any.
    """

    name: str
    recognises: Callable[[bytes, str], bool]
    translate: Callable[..., Module]
    options: tuple[Option, ...] = ()
    reads: Callable[[bytes, str, Mapping[str, int | str]], Iterable[Path]] | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """An optimiser pass: from a verified module to one that does the same.

    name: as `--passes` takes it. doc: one line. run: the verified module and the instruction set to a module,
    which is verified again; the same object where nothing is to be done. Code is bytes: core/code.py has
    `Decoder` and `Rewriter` for it. default: whether programs pass it where nobody says otherwise.
    """

    name: str
    doc: str
    run: Callable[[Verified, Isa], Module]
    default: bool = False


@dataclass(frozen=True, slots=True)
class Handler:
    """A piece of an engine: the C that runs the forms *uses*, under their common *number*.

    code: the bytes that stand for it in resolved code, no more than its opcodes have in modules. library:
    the micro-library that a report charges; label: the opcode's name.
    """

    number: int
    code: bytes
    uses: tuple[Use, ...]
    library: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Engine:
    """A printer of the C that executes resolved code.

    name: as `--engine` takes it. library: the micro-library that a report charges for what is no opcode's.
    doc: one line. handlers: numbers the forms that a program uses. print: the C of the engine: what its
    files are called -> their text, each compiled by itself. flags: of the compiler, for these files, behind
    those for all. loads: whether it runs programs that come at run time, in resolved code; a runtime with
    another one has no code for it. counted: of one that can count what it executes: what a runtime that did
    so has written, as functions of a profile. speed: whether it is chosen for speed: options then have the
    values that are `fast`.
    """

    name: str
    library: str
    doc: str
    handlers: Callable[[Plan, Iterable[Use]], tuple[Handler, ...]]
    print: Callable[[Composition], Mapping[str, str]]
    flags: tuple[str, ...] = ()
    loads: bool = True
    counted: Callable[[Composition, bytes], tuple[Function, ...]] | None = None
    speed: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A machine to build for.

    name: as `--target` takes it. triple: for the compiler. emulation: for the linker. platform: the
    micro-library that makes the system calls. link_script: of executables; library_script: of shared
    libraries, "" where it has none. doc: one line.
    flags: what the compiler needs to know beyond the triple. page_size: the largest that a kernel may
    have, in bytes. machine: what such a machine calls itself (`uname -m`); empty when every machine runs its
    executables, and "-" when none does by itself. runners: ways in which others run them, the best first:
    words before the executable's path, of which the first is a program. runner_hint: how to come by one.

    format: what comes out: ELF, a WebAssembly module, or C text that any C11 compiler takes. label_values:
    whether the compiler has GNU C's computed goto. indirect: whether C finds the program's tables and memory
    by pointers of the store, because a compiler that sees them together with the code warns of all that this
    one program never does. fixed_addresses: whether memory can be mapped at an address of choice.
    memory_bytes: how much memory of settled size there can be. kind: the only kind of artifact that it is
    for; "" for those that have no targets of their own.
    """

    name: str
    triple: str
    emulation: str
    platform: str
    link_script: str
    doc: str
    flags: tuple[str, ...] = ()
    library_script: str = ""
    page_size: int = 4096
    machine: str = ""
    runners: tuple[tuple[str, ...], ...] = ()
    runner_hint: str = ""
    format: Literal["elf", "wasm", "c"] = "elf"
    label_values: bool = True
    fixed_addresses: bool = True
    memory_bytes: int = 1 << 46
    indirect: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Mode:
    """A preset: what a runtime of this size may contain, and its budget.

    budget: bytes of text and rodata of the runtime; data_budget: bytes of data and bss; None for no
    limit. deny: libraries, groups or interfaces that it does without. options: settings (name -> value).
    speed: whether among those that fill the same interface what is faster comes before what has fewer bytes,
    and options have the values that are `fast`.
    """

    name: str
    doc: str
    budget: int | None = None
    data_budget: int | None = None
    deny: tuple[str, ...] = ()
    options: Mapping[str, int | str] = field(default_factory=dict)
    speed: bool = False


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """A way to show a footprint report. name: as `--report` takes it; show: the report as text."""

    name: str
    doc: str
    show: Callable[[Report], str]
