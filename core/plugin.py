"""Hook implementations of the room `core`: entry, traps, fuel, interruption, platform, what compilers
assume, the engine `switch`, the core opcodes, the front-ends for assembly and .tbc."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..opcodes import Isa, OpcodeSet, Trap
from . import ops
from .hookspecs import hookimpl
from .module import Module
from .parts import Engine, FrontEnd, Memory, MicroLibrary, Option, Target
from .switch import SWITCH

if TYPE_CHECKING:
    from ..builder.compose import Composition

ROOM = Path(__file__).parent


def _constants(composition: Composition) -> str:
    from .loading import constants

    return constants(composition)


# C of the loader, in the order of what it does.
_LOADER = (
    *("memory", "sort", "text", "check", "debug", "meaning", "classes", "hierarchy", "pages", "layout"),
    *("link", "tables", "displace", "links"),
)


LOAD_MEMORY = Option(
    name="load.memory",
    default=64 << 20,
    kind="size",
    macro="TB_LOAD_MEMORY",
    doc="Memory for a module: its file, and what is built from it; taken as it is needed.",
    minimum=4096,
    maximum=1 << 30,
    limit=True,
)


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [ops.op]


@hookimpl
def tblvm_engines() -> list[Engine]:
    return [SWITCH]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(name="core", doc="opcodes for arithmetic, constants and control", room=ROOM),
        MicroLibrary(
            name="core.entry",
            doc="entry point of a standalone program",
            room=ROOM,
            size=60,
            provides=("entry",),
            requires=("frames", "platform"),
            sources=("c/entry.c",),
            headers=("c",),
        ),
        MicroLibrary(
            name="core.loader",
            doc="reads modules, checks them, links them into resolved code",
            room=ROOM,
            size=6000,
            provides=("loader",),
            requires=("verifier", "frames", "support"),
            sources=tuple(f"c/loader/{name}.c" for name in _LOADER),
            headers=("c", "c/loader"),
            generated=_constants,
        ),
        MicroLibrary(
            name="core.loading",
            doc="takes a module from its bytes to a program, or says why not",
            room=ROOM,
            size=600,
            provides=("module-loading",),
            requires=("loader", "frames", "support"),
            sources=("c/loader/load.c", "c/loader/refusal.c"),
            headers=("c", "c/loader"),
        ),
        MicroLibrary(
            name="core.runtime",
            doc="entry point of a runtime that loads the module named on its command line",
            room=ROOM,
            size=1000,
            provides=("entry", "loading"),
            macros={"TB_ARGUMENTS": "1"},
            requires=("module-loading", "frames", "platform"),
            sources=("c/loader/entry.c",),
            memory=(Memory("modules", "modules, at most", lambda plan, program: plan.number("load.memory")),),
            headers=("c", "c/loader"),
            options=(LOAD_MEMORY,),
        ),
        MicroLibrary(
            name="core.switch",
            doc="the loop of engine `switch`: fetch, decode, branch",
            room=ROOM,
            size=150,
            provides=("dispatch",),
            requires=("frames", "support"),
            headers=("c",),
        ),
        MicroLibrary(
            name="core.instances",
            doc="runs a program within another one: a store and a context for each",
            room=ROOM,
            size=300,
            provides=("instances",),
            requires=("frames", "platform", "support"),
            sources=("c/instances.c",),
            headers=("c",),
            context="struct tb_store *store; struct tb_mapping *mappings;",
            macros={
                "TB_MAP(cx, address, bytes)": "tb_instances_map(cx, address, bytes)",
                "TB_MAPS_LATER": "1",
            },
            prototypes="void *tb_instances_map(struct tb_context *cx, void *address, u64 bytes);",
        ),
        MicroLibrary(
            name="core.traps",
            doc="the report of an uncaught trap",
            room=ROOM,
            size=250,
            provides=("traps",),
            requires=("platform", "support"),
            sources=("c/traps_say.c", "c/traps.c"),
            headers=("c",),
            macros={"TB_REPORT(cx, trap)": "tb_traps_report(cx, trap)"},
            options=(
                Option(
                    name="traps.text",
                    default=1,
                    kind="flag",
                    macro="TB_TRAPS_TEXT",
                    doc="Whether the report of a trap says what it is; else its number in footprint reports.",
                    maximum=1,
                ),
            ),
            prototypes="u32 tb_traps_report(struct tb_context *cx, u32 trap);",
        ),
        MicroLibrary(
            name="core.fuel",
            doc="counts instructions and stops a program that has used them up",
            room=ROOM,
            size=40,
            provides=("fuel",),
            requires=("traps",),
            sources=("c/fuel.c",),
            traps=(Trap.OUT_OF_FUEL,),
            context="s64 fuel;",
            on_start=("tb_fuel_start",),
            on_enter=("tb_fuel_hand",),
            on_leave=("tb_fuel_return",),
            options=(
                Option(
                    name="fuel",
                    default=0x7FFFFFFFFFFFFFFF,
                    kind="number",
                    macro="TB_FUEL",
                    doc="Instructions that a program may execute.",
                    enables=True,
                    maximum=0x7FFFFFFFFFFFFFFF,
                    limit=True,
                ),
            ),
        ),
        MicroLibrary(
            name="core.interrupt",
            doc="stops a program when its time is up, or at SIGALRM",
            room=ROOM,
            size=120,
            provides=("interrupt",),
            requires=("platform", "traps"),
            sources=("c/interrupt.c",),
            traps=(Trap.INTERRUPTED,),
            context="volatile u32 interrupted;",
            macros={"TB_INTERRUPTED(cx)": "TB_TIME_IS_UP(&(cx)->interrupted)"},
            on_start=("tb_interrupt_start",),
            on_enter=("tb_interrupt_hand",),
            on_leave=("tb_interrupt_return",),
            options=(
                Option(
                    name="timeout",
                    default=0,
                    kind="duration",
                    macro="TB_TIMEOUT",
                    doc="Time that a program may run, in milliseconds; 0 for no limit.",
                    enables=True,
                ),
            ),
        ),
        MicroLibrary(
            name="rt",
            doc="numbers as text",
            room=ROOM,
            provides=("support",),
            sources=tuple(f"c/rt/{name}.c" for name in ("decimal", "number", "shortest", "float_text")),
            headers=("c", "c/rt"),
        ),
        MicroLibrary(
            name="rt.standard",
            doc="functions of the C library that compilers assume: memcpy, floor, fmod, …",
            room=ROOM,
            provides=("standard-functions",),
            sources=tuple(f"c/rt/{name}.c" for name in ("mem", "rounding", "fmod", "multi3")),
            headers=("c", "c/rt"),
            options=(
                Option(
                    name="copy.wide",
                    default=0,
                    fast=1,
                    kind="flag",
                    macro="TB_COPY_WIDE",
                    doc="Whether memory is copied, filled and compared in blocks; else a byte at a time.",
                    maximum=1,
                ),
            ),
        ),
        *(_linux(cpu) for cpu in _LINUX_FLAGS),
        MicroLibrary(
            name="platform.libc",
            doc="start-up code and system calls by a C library",
            room=ROOM,
            size=500,
            provides=("platform", "standard-functions"),
            sources=(
                *(f"c/platform/libc/libc{part}.c" for part in ("", "_file", "_wait", "_machine")),
                "c/platform/polled.c",
            ),
            headers=("c", "c/platform", "c/platform/libc"),
            macros=_POLLED,
            prototypes=_POLLED_PROTOTYPES,
        ),
        MicroLibrary(
            name="platform.wasi",
            doc="start-up code and system calls by WASI preview 1",
            room=ROOM,
            size=500,
            provides=("platform",),
            sources=(
                *(f"c/platform/wasi/wasi{part}.c" for part in ("", "_map", "_file", "_wait", "_machine")),
                "c/platform/polled.c",
            ),
            headers=("c", "c/platform", "c/platform/wasi"),
            macros=_POLLED,
            prototypes=_POLLED_PROTOTYPES,
        ),
    ]


# Where no signal sets the flag of interruption: whoever asks looks at the clock.
_POLLED = {"TB_TIME_IS_UP(flag)": "tb_platform_is_up(flag)"}
_POLLED_PROTOTYPES = "u32 tb_platform_is_up(volatile u32 *flag);"


_UNALIGNED = ("-Xclang", "-target-feature", "-Xclang", "+unaligned-scalar-mem")
# The processors that Linux is built for here, and what their compilers need to know.
_LINUX_FLAGS: dict[str, tuple[str, ...]] = {
    # Frames are as large as the compiler says, also of functions that call nothing.
    "x86_64": ("-mno-red-zone",),
    "aarch64": (),
    # Linux promises that unaligned access works, and objects are aligned: no access is taken apart. Without
    # relaxation what a report reads of object files stays true. Small data has no section of its own: nothing
    # points to it.
    "riscv64": (*_UNALIGNED, "-mno-relax", "-msmall-data-limit=0"),
}
_EMULATIONS = {"x86_64": "elf_x86_64", "aarch64": "aarch64linux", "riscv64": "elf64lriscv"}
_PAGE_SIZES = {"aarch64": 65536}


def _linux(cpu: str) -> MicroLibrary:
    """The platform layer of a processor: what differs from the others is in a header in its folder."""
    return MicroLibrary(
        name=f"platform.{cpu}-linux",
        doc=f"start-up code and system calls of Linux on {cpu}",
        room=ROOM,
        size=60,
        provides=("platform", "guard-pages", "files", "random-bytes", "system-calls"),
        sources=tuple(
            f"c/platform/linux{part}.c"
            for part in (
                "",
                "_timer",
                "_wait",
                "_file",
                "_files",
                "_machine",
                "_random",
                "_unmap",
                "_reserve",
                "_fault",
                "_fault_shared",
            )
        ),
        headers=("c", "c/platform", f"c/platform/{cpu}", f"c/platform/{cpu}/threads"),
    )


LINUX_TARGETS = tuple(
    Target(
        name=f"{cpu}-linux",
        triple=f"{cpu}-linux-none",
        emulation=_EMULATIONS[cpu],
        platform=f"platform.{cpu}-linux",
        link_script=str(ROOM / "c" / "exe.ld"),
        library_script=str(ROOM / "c" / "shared.ld"),
        doc=f"Linux on {cpu}, static, no libc",
        flags=flags,
        page_size=_PAGE_SIZES.get(cpu, 4096),
        machine=cpu,
        runners=((f"qemu-{cpu}-static",),),
        runner_hint=f"qemu-{cpu}-static (on Debian in the package qemu-user-static)",
    )
    for cpu, flags in _LINUX_FLAGS.items()
)


@hookimpl
def tblvm_targets() -> list[Target]:
    return [
        *LINUX_TARGETS,
        Target(
            name="c11",
            triple="",
            emulation="",
            platform="platform.libc",
            link_script="",
            doc="any machine with a C11 compiler and its library",
            machine="-",
            runner_hint="a C compiler",
            format="c",
            label_values=False,
            indirect=True,
            fixed_addresses=False,
        ),
        Target(
            name="wasm32",
            triple="wasm32-unknown-unknown",
            emulation="",
            platform="platform.wasi",
            link_script="",
            doc="WebAssembly with WASI preview 1",
            # Memory can be larger than half of all addresses: pointers do not go round as signed numbers.
            flags=("-fwrapv-pointer",),
            machine="-",
            runners=(
                ("node", "--no-warnings", str(ROOM / "c" / "platform" / "wasi" / "run.mjs")),
                ("wasmtime", "run", "--dir=.", "--dir=/"),
            ),
            runner_hint="node (on Debian in the package nodejs) or wasmtime",
            format="wasm",
            label_values=False,
            fixed_addresses=False,
            memory_bytes=(1 << 32) - (1 << 20),
        ),
    ]


def _assembly(content: bytes, name: str, isa: Isa) -> Module:
    from .asm import assemble
    from .errors import UsageError

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{name} is neither a .tbc module nor text in UTF-8") from None
    return assemble(text, isa, name)


def _is_assembly(content: bytes, name: str) -> bool:
    """Text whose first word is a directive; a file called so may have mistakes even there."""
    if b"\0" in content:
        return False
    lines = (line.strip() for line in content.splitlines())
    first = next((line for line in lines if line and line[:1] not in (b";", b"#")), b"")
    return name.endswith(".tba") or first[:1] == b"."


def _tbc(content: bytes, name: str, isa: Isa) -> Module:
    from .tbc import read

    return read(content)


@hookimpl
def tblvm_front_ends() -> list[FrontEnd]:
    return [
        FrontEnd("tbc", lambda content, name: content.startswith(b"TBCO"), _tbc),
        FrontEnd("assembly", _is_assembly, _assembly),
    ]
