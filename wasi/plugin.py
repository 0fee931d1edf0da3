"""What this room registers: the functions of WASI, and where what they give comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.hookspecs import hookimpl
from ..core.parts import MicroLibrary, Option
from .imports import imports

if TYPE_CHECKING:
    from ..builder.compose import Composition

ROOM = Path(__file__).parent

_MEMORY = "linear-memory"
_NO_FILES = {"files": "this target has no files for programs: build for one of Linux"}
_NO_RANDOM = {"random-bytes": "this target has no random bytes: build for one of Linux"}


def _functions(group: str, doc: str, size: int, *requires: str, **more: Any) -> MicroLibrary:
    """A micro-library with functions that programs import."""
    return MicroLibrary(
        name=f"wasi.{group}",
        doc=doc,
        room=ROOM,
        size=size,
        requires=(_MEMORY, *requires),
        sources=more.pop("sources", (f"c/{group}.c",)),
        headers=("c",),
        imports=imports(group),
        **more,
    )


def _grant(name: str, doc: str) -> Option:
    return Option(
        name=f"wasi.{name}",
        default=1,
        kind="flag",
        macro=f"TB_WASI_{name.upper()}",
        doc=doc,
        maximum=1,
        limit=True,
        hosted=0,
    )


def _named(option: str, symbol: str) -> Any:
    """C of the lines of an option that is a text."""

    def generated(composition: Composition) -> str:
        lines = str(composition.plan.options[option]).splitlines()
        words = "".join(f"{_literal(line)}, " for line in lines)
        return f"extern const char *const {symbol}[];\nconst char *const {symbol}[] = {{{words}0}};"

    return generated


def _literal(text: str) -> str:
    """A C string; octal escapes end after three digits, whatever follows."""
    return '"' + "".join(f"\\{byte:03o}" for byte in text.encode()) + '"'


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        _functions("args", "arguments of a program", 100, "arguments", "wasi.words"),
        _functions("environ", "environment of a program", 100, "environment", "wasi.words"),
        MicroLibrary(
            name="wasi.words",
            doc="puts lists of words into a program's memory",
            room=ROOM,
            size=200,
            requires=(_MEMORY,),
            sources=("c/words.c",),
            headers=("c",),
        ),
        _functions(
            "clock",
            "clocks of a program",
            80,
            "platform",
            options=(_grant("clock", "Whether programs may read clocks and wait for them."),),
        ),
        _functions(
            "random",
            "random bytes for a program",
            80,
            "random-bytes",
            ways_out=_NO_RANDOM,
            options=(_grant("random", "Whether programs get random bytes."),),
        ),
        _functions("exit", "ends a program with an exit status", 20, "host.exit"),
        _functions("yield", "lets nobody else run", 5),
        _functions("write", "writes to descriptors", 300, "descriptors"),
        _functions("read", "reads from descriptors", 300, "descriptors"),
        _functions("fd", "asks and sets what descriptors are", 300, "descriptors"),
        _functions("sockets", "there are no sockets", 50, "descriptors"),
        _functions("poll", "waits for time, input and output", 500, "descriptors", "wasi.clock"),
        _functions("files", "what programs do with open files", 1500, "wasi.table", "files"),
        _functions("paths", "what programs do with paths", 3000, "wasi.table", "files", ways_out=_NO_FILES),
        MicroLibrary(
            name="wasi.console",
            doc="descriptors of a program that opens nothing: standard input, output and error",
            room=ROOM,
            size=100,
            provides=("descriptors",),
            sources=("c/console.c",),
            headers=("c",),
            store="u32 console_closed;",
            macros={"TB_P1_FILES": "0"},
        ),
        _functions(
            "table",
            "descriptors of a program that opens files",
            800,
            "files",
            "directories",
            "wasi.files",
            provides=("descriptors",),
            sources=("c/table.c", "c/error.c"),
            # Its members are declared before its header can be read: a row is drawn in tb_p1_fd.h.
            store="u64 wasi_table[TB_WASI_DESCRIPTORS][6];",
            macros={"TB_P1_FILES": "1"},
            on_start=("tb_p1_table_start",),
            on_release=("tb_p1_table_release",),
            ways_out=_NO_FILES,
            options=(
                Option(
                    name="wasi.descriptors",
                    default=64,
                    kind="number",
                    macro="TB_WASI_DESCRIPTORS",
                    doc="Descriptors that a program can have at a time.",
                    minimum=4,
                    maximum=65536,
                ),
            ),
        ),
        MicroLibrary(
            name="hosted.arguments",
            doc="arguments of a program, from its host",
            room=ROOM,
            size=400,
            provides=("arguments",),
            requires=("embedding", "platform"),
            sources=("c/hosted_args.c",),
            headers=("c",),
            store="const char *const *given_words;\nu64 given_bytes;\nu32 given_count;",
            macros={"TB_ARGUMENTS_GIVEN": "1"},
            on_release=("tb_hosted_args_release",),
        ),
        MicroLibrary(
            name="hosted.environment",
            doc="variables of the environment, from a program's host",
            room=ROOM,
            size=150,
            provides=("environment",),
            requires=("embedding", "platform"),
            sources=("c/hosted_env.c",),
            headers=("c",),
            store="const char **env_words;\nu32 env_count;",
            on_start=("tb_hosted_env_start",),
        ),
        MicroLibrary(
            name="hosted.directories",
            doc="directories of a program's host",
            room=ROOM,
            size=200,
            provides=("directories",),
            requires=("embedding", "platform", "files"),
            sources=("c/hosted_dirs.c",),
            headers=("c",),
        ),
        MicroLibrary(
            name="process",
            doc="what a standalone program's process was started with",
            room=ROOM,
            size=30,
            requires=("entry", "platform"),
            sources=("c/process.c",),
            load_sources=("c/process_options.c",),
            headers=("c",),
            store="const void *process;\nconst char *process_name;",
            prototypes=(
                "void tb_process_keep(struct tb_context *cx, const void *start);\n"
                "const void *tb_process_options(struct tb_context *cx, const void *start);"
            ),
            macros={
                "TB_ARGUMENTS": "1",
                "TB_PROCESS(cx, start)": "tb_process_keep(cx, start)",
                "TB_PROCESS_OPTIONS(cx, start)": "tb_process_options(cx, start)",
            },
        ),
        MicroLibrary(
            name="process.arguments",
            doc="arguments of the process are the program's",
            room=ROOM,
            size=20,
            provides=("arguments",),
            requires=("process", "entry"),
            sources=("c/process_args.c",),
            headers=("c",),
        ),
        MicroLibrary(
            name="process.environment",
            doc="variables of the environment that a program was given",
            room=ROOM,
            size=250,
            provides=("environment",),
            requires=("process", "entry"),
            sources=("c/process_env.c",),
            headers=("c",),
            generated=_named("env", "tb_env_named"),
            store="const char *env_words[TB_ENV_MOST];\nu32 env_count;",
            prototypes="void tb_env_add(struct tb_context *cx, const char *named);",
            macros={"TB_ENV_ADD(cx, named)": "tb_env_add(cx, named)"},
            on_start=("tb_env_start",),
            options=(
                Option(
                    name="env",
                    default="",
                    kind="text",
                    macro="TB_ENV_TEXT",
                    doc="Variables that a program has (--env): NAME=VALUE, NAME of the process, * for all.",
                    maximum=1 << 20,
                ),
                Option(
                    name="env.most",
                    default=128,
                    kind="number",
                    macro="TB_ENV_MOST",
                    doc="Variables that a program can have.",
                    minimum=1,
                    maximum=65536,
                ),
            ),
        ),
        MicroLibrary(
            name="process.directories",
            doc="directories that a program was given",
            room=ROOM,
            size=400,
            provides=("directories",),
            requires=("process", "entry", "files"),
            sources=("c/process_dirs.c",),
            headers=("c",),
            generated=_named("dir", "tb_dirs_named"),
            store="u64 dirs[TB_DIRS_MOST][3];\nu32 dirs_count;",
            prototypes="void tb_dirs_add(struct tb_context *cx, const char *named);",
            macros={"TB_DIRS_ADD(cx, named)": "tb_dirs_add(cx, named)"},
            on_start=("tb_dirs_start",),
            on_places=("tb_dirs_places",),
            ways_out=_NO_FILES,
            options=(
                Option(
                    name="dir",
                    default="",
                    kind="text",
                    macro="TB_DIRS_TEXT",
                    doc="Directories that a program has (--dir): HOST[::GUEST][:ro].",
                    maximum=1 << 20,
                ),
                Option(
                    name="dir.most",
                    default=16,
                    kind="number",
                    macro="TB_DIRS_MOST",
                    doc="Directories that a program can be given.",
                    minimum=1,
                    maximum=1024,
                ),
            ),
        ),
    ]
