"""How small C programs get: the table of docs/c.md.

    python -m bench.c_sizes             # prints it
    python -m bench.c_sizes --write     # and writes it there

Bytes do not depend on the machine: the compiler is pinned.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import Registry, load

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "c.md"
PROGRAMS = ROOT / "tests" / "frontends" / "c" / "programs"
_MAIN = "#include <stdio.h>\n#include <stdlib.h>\n#include <math.h>\nint main(int c, char **v) {{ {} }}\n"
_VOID = _MAIN.replace("int c, char **v", "void")
# What a program does -> its source.
SMALL = {
    "`return 0;`": "int main(void) { return 0; }\n",
    '`puts("Hello, world!")`': _VOID.format('puts("Hello, world!");'),
    '`printf("%d\\n", …)`': _VOID.format('for (int i = 0; i < 3; i++) printf("%d\\n", i);'),
    '`printf("%lld\\n", …)`': _VOID.format('for (long long i = 0; i < 3; i++) printf("%lld\\n", i);'),
    '`printf("%g\\n", …)`': _VOID.format('for (double x = 0; x < 3; x++) printf("%g\\n", x);'),
    "`malloc`, `free`": _VOID.format("char *volatile s = malloc(9); s[0] = 65; free(s);"),
    "`getchar` to `putchar`": _VOID.format("for (int c; (c = getchar()) != EOF;) putchar(c);"),
    "`exit(3)`": _VOID.format("exit(3);"),
    "`main(argc, argv)`": _MAIN.format("puts(v[c - 1]);"),
    '`fprintf(stderr, "%d\\n", …)`': _VOID.format('for (int i = 0; i < 3; i++) fprintf(stderr, "%d\\n", i);'),
    "`sin`": _VOID.format("for (double x = 0; x < 3; x++) putchar((int)(65 + 9 * sin(x)));"),
    "`pow`": _VOID.format("for (double x = 1; x < 3; x++) putchar((int)(9 * pow(x, 2.5)));"),
}
HEAD = (
    "| program | its lines | opcodes | runtime | program | executable |",
    "|---|--:|--:|--:|--:|--:|",
)


def row(name: str, text: str, registry: Registry) -> str:
    """A program's row: bytes of the runtime's text and rodata, of the program's code and data, and in all."""
    artifact = build(translate(text.encode(), "program.c", registry), registry, Request())
    opcodes = len({form.declaration.name for form in artifact.verified.forms})
    footprint = artifact.footprint
    program = sum(each.size for each in footprint.rows if each.owner == "program" and each.in_file)
    lines = len(text.splitlines()) if name[0] != "`" else ""
    sizes = f"{footprint.runtime:,} | {program:,} | {len(artifact.image):,}"
    return f"| {name} | {lines} | {opcodes} | {sizes} |"


def table() -> Iterator[str]:
    """The lines of the table."""
    registry = load()
    yield from HEAD
    programs = {path.stem: path.read_text() for path in sorted(PROGRAMS.glob("*.c"))}
    for name, text in (SMALL | programs).items():
        yield row(name, text, registry)


def main(arguments: list[str]) -> None:
    lines = []
    for line in table():
        print(line, flush=True)
        lines.append(line)
    if arguments == ["--write"]:
        old = re.compile(re.escape("\n".join(HEAD)) + r"\n(\|.*\n)*")
        DOCUMENT.write_text(old.sub(lambda found: "\n".join((*lines, "")), DOCUMENT.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
