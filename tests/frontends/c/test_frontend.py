"""The front-end itself: what it takes, what it says, what it brings along."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import tblvm
from tblvm.builder.pipeline import Artifact, build, translate
from tblvm.builder.resolve import Request
from tblvm.core.errors import TblvmError, UsageError
from tblvm.core.registry import Registry
from tblvm.frontends.c.compile import CompilationError, read_flags, reads

Compile = Callable[..., Path]
DEFAULTS: dict[str, int | str] = {"c.flags": "", "c.stack": 1 << 16, "c.memory": 0}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, name: str = "prog.c") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


Write = Callable[..., Path]


def run(executable: Path, stdin: bytes = b"") -> tuple[int, str, str]:
    done = subprocess.run([executable], input=stdin, capture_output=True)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def refusal(path: Path, registry: Registry, flags: str = "") -> TblvmError:
    with pytest.raises(TblvmError) as caught:
        translate(path.read_bytes(), str(path), registry, {"c.flags": flags})
    return caught.value


def artifact(path: Path, registry: Registry) -> Artifact:
    return build(translate(path.read_bytes(), str(path), registry), registry, Request())


# --- what is said ---------------------------------------------------------------------------------------


def test_mistakes_are_shown_as_the_compiler_shows_them(write: Write, registry: Registry) -> None:
    path = write('#include <stdio.h>\nint main(void) {\n  int x = 5\n  printf("%d", x);\n}\n')
    error = refusal(path, registry)
    assert isinstance(error, CompilationError) and error.status == 1
    assert f"{path}:3:12: error: expected ';'" in str(error) and "int x = 5" in str(error)


@pytest.mark.parametrize(
    "text, said",
    [
        ("void nothing(int);\nint main(void) { nothing(1); }", "prog.c: undefined symbol: nothing"),
        ("#include <setjmp.h>\nint main(void) { }", "setjmp and longjmp are not there: they need"),
        ("#include <signal.h>\nint main(void) { }", "'signal.h' file not found"),
        ("#include <threads.h>\nint main(void) { }", "'threads.h' file not found"),
        ("int main(void) { throw 1; }", "error"),
    ],
)
def test_what_is_not_there(text: str, said: str, write: Write, registry: Registry) -> None:
    error = refusal(write(text), registry)
    assert said in str(error) and error.status == 1
    assert "/tmp/tblvm-" not in str(error), "names of temporary files say nothing"


@pytest.mark.parametrize(
    "flags, said",
    [
        ("-o elsewhere", "takes -I, -D, -U, -O, -W, -f, -std and sources, not '-o'"),
        ("-c", "not '-c'"),
        ("-I", "-I wants a word behind it"),
        ("missing.c", "there is no source missing.c"),
        ("'open", "No closing quotation"),
    ],
)
def test_flags_without_a_meaning(flags: str, said: str, write: Write, registry: Registry) -> None:
    error = refusal(write("int main(void) { }"), registry, flags)
    assert isinstance(error, UsageError) and said in str(error)


def test_flags_as_a_shell_separates_them() -> None:
    flags = read_flags("-DTEXT='\"a b\"' -I include -O2 -lm other.c -std=c99")
    assert flags.compiler == ('-DTEXT="a b"', "-I", "include", "-O2", "-std=c99")
    assert flags.sources == ("other.c",)


def test_warnings_are_shown(write: Write, registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    path = write("int main(void) { int unused; return 0; }")
    translate(path.read_bytes(), str(path), registry, {"c.flags": "-Wall"})
    assert "warning: unused variable 'unused'" in capfd.readouterr().err


def test_formats_are_checked(write: Write, registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    path = write('#include <stdio.h>\nint main(void) { printf("%s %d\\n", 1, 2.0); printf("%d\\n"); }')
    translate(path.read_bytes(), str(path), registry)
    assert capfd.readouterr().err.count("[-Wformat") >= 3


# --- what it does ---------------------------------------------------------------------------------------


def test_several_files_with_flags(write: Write, tblvm: Compile) -> None:
    write("#define GREETING NAME\nvoid greet(void);\n", "include/greet.h")
    other = write('#include <stdio.h>\n#include "greet.h"\nvoid greet(void) { puts(GREETING); }\n', "greet.c")
    path = write('#include "greet.h"\nint main(void) { greet(); return N; }\n')
    flags = f"-I{other.parent}/include -DNAME='\"you two\"' -DN=40+2 {other}"
    assert run(tblvm(path, flags)) == (42, "you two\n", "")


@pytest.mark.parametrize("flags", ["-O0", "-O3"])
def test_every_level_of_optimisation(flags: str, tblvm: Compile, gcc: Compile) -> None:
    source = Path(__file__).parent / "programs" / "puzzles.c"
    stdin = source.with_suffix(".in").read_bytes()
    assert run(tblvm(source, flags), stdin)[:2] == run(gcc(source), stdin)[:2]


def test_the_language(tblvm: Compile, gcc: Compile) -> None:
    """Bit-fields, unions, variable arrays, computed goto, variadic functions, 128 bits, atomics, type-generic math."""
    source = Path(__file__).parent / "drivers" / "language.c"
    expected = run(gcc(source))
    assert expected[1].count("\n") > 15
    assert run(tblvm(source)) == expected


def test_what_the_preprocessor_and_llvm_wrote(write: Write, tblvm: Compile) -> None:
    assert run(tblvm(write("int main(void) { return 7; }", "prog.i")))[0] == 7
    text = 'target triple = "wasm32-unknown-unknown"\ndefine i32 @__main_void() {\n  ret i32 9\n}\n'
    assert run(tblvm(write(text, "prog.ll")))[0] == 9


def test_a_trap_has_functions_and_lines(write: Write, tblvm: Compile) -> None:
    text = "static int quotient(int a, int b) {\n  return a / b;\n}\nint main(void) {\n  return quotient(7, 0);\n}\n"
    status, _, said = run(tblvm(write(text.replace("7, 0", "7, *(volatile int *)&(int){0}"))))
    assert status == 134
    assert said.startswith("tblvm: trap: integer divide by zero\n  at main (prog.c:2)\n")


def test_a_trap_in_the_libc_has_the_program_s_line(write: Write, tblvm: Compile) -> None:
    text = "#include <string.h>\nint main(void) {\n  return (int)strlen((char *)0x70000000);\n}\n"
    assert run(tblvm(write(text))) == (
        134,
        "",
        "tblvm: trap: out of bounds memory access\n  at strlen\n  at main (prog.c:3)\n  at _start\n",
    )


def test_abort_and_overflow_of_the_stack(write: Write, tblvm: Compile) -> None:
    assert run(tblvm(write("#include <stdlib.h>\nint main(void) { abort(); }")))[0] == 134
    deep = write(
        "#include <string.h>\nstatic int data = 7;\n"
        "static int deep(int n) { volatile char room[1000]; room[n] = 1; return n ? deep(n - 1) + room[n] : 0; }\n"
        "int main(void) { return deep(100) == 100 && data == 7 ? 3 : 4; }\n"
    )
    status, _, said = run(tblvm(deep))
    assert status == 134 and said.startswith(
        "tblvm: trap: out of bounds memory access\n  at deep (prog.c:3)\n"
    )
    assert run(tblvm(deep, **{"c.stack": 1 << 20})) == (3, "", "")


def test_memory_has_a_limit(write: Write, tblvm: Compile) -> None:
    path = write(
        "#include <stdio.h>\n#include <stdlib.h>\n"
        'static void *volatile taken;\nint main(void) { int n = 0; while ((taken = malloc(10000))) n++; printf("%d\\n", n > 50 && n < 110); }\n'
    )
    assert run(tblvm(path, **{"c.memory": 1 << 20})) == (0, "1\n", "")


def test_cplusplus(write: Write, tblvm: Compile) -> None:
    text = """\
#include <stdio.h>
struct Shape { virtual double area() const = 0; virtual ~Shape() {} };
struct Square : Shape {
  double side;
  explicit Square(double s) : side(s) {}
  double area() const override { return side * side; }
};
struct Noisy {
  const char *name;
  explicit Noisy(const char *n) : name(n) { printf("made %s\\n", n); }
  ~Noisy() { printf("gone %s\\n", name); }
};
static Noisy first("first");
template <typename T> T twice(T x) { return x + x; }
int main() {
  Shape *shape = new Square(3);
  printf("%g %d\\n", twice(shape->area()), twice(4));
  delete shape;
  static Noisy second("second");
  auto more = [](long long x) { return x + 1; };
  printf("%lld\\n", more(41));
}
"""
    assert run(tblvm(write(text, "prog.cpp"))) == (
        0,
        "made first\n18 8\nmade second\n42\ngone second\ngone first\n",
        "",
    )


def test_functions_without_main_are_for_others_to_call(write: Write) -> None:
    path = write(
        "static int g = 1;\nint add(int a, int b) { return a + b + g; }\ndouble half(double x) { return x / 2; }\n"
    )
    machine = tblvm.load(path)
    assert machine.call("add", 40, 1) == 42
    assert machine.call("half", 3.0) == 1.5


# --- what it brings along -------------------------------------------------------------------------------


def pages(found: Artifact) -> set[str]:
    """Of the opcodes in the runtime those on pages of wide numbers."""
    return {form.declaration.page.name for form in found.verified.forms} & {"long", "double", "float"}


HELLO = "#include <stdio.h>\nint main(void) {{ {} return 0; }}\n"


def test_only_what_printf_s_arguments_need(write: Write, registry: Registry) -> None:
    sizes = []
    for call, wide in (
        ('puts("Hello, world!");', set()),
        ('printf("Hello, world!\\n");', set()),
        ('printf("%d %s %c\\n", 1, "a", 65);', set()),
        ('printf("%lld\\n", 1LL << 40);', {"long"}),
        ('printf("%g %d\\n", 0.5, 3);', {"long", "double"}),
    ):
        found = artifact(write(HELLO.format(call)), registry)
        assert pages(found) <= wide | ({"float"} if "double" in wide else set()), call
        assert wide <= pages(found) or call.startswith('printf("%g'), call
        sizes.append(len(found.image))
    # Budgets that may shrink: bytes of the executables.
    for size, most in zip(sizes, (2800, 2800, 7600, 8200, 11700), strict=True):
        assert size <= most, sizes


def test_a_pointer_to_printf_is_the_whole_function(write: Write, tblvm: Compile) -> None:
    path = write(
        "#include <stdio.h>\n#include <stdarg.h>\n"
        "static int say(const char *f, ...) { va_list a; va_start(a, f); int n = vprintf(f, a); va_end(a); return n; }\n"
        'int main(void) { int (*p)(const char *, ...) = printf; p("%g %lld\\n", 0.5, 1LL << 40); '
        '(printf)("%.1f\\n", 2.25); return say("%d %.3e\\n", 1, 2.0); }\n'
    )
    assert run(tblvm(path)) == (12, "0.5 1099511627776\n2.2\n1 2.000e+00\n", "")


def test_arguments_are_evaluated_once(write: Write, tblvm: Compile) -> None:
    path = write(
        '#include <stdio.h>\nstatic int n;\nstatic const char *next(void) { n++; return "x\\n"; }\n'
        'int main(void) { printf(next()); printf("%d %f\\n", ++n, (double)++n); fprintf(stdout, next());\n'
        '  printf("100%%\\n"); char b[9]; sprintf(b, "%d", n++); puts(b); return printf("abc\\n") + n; }\n'
    )
    status, out, _ = run(tblvm(path, "-Wno-everything"))
    assert out in ("x\n2 3.000000\nx\n100%\n4\nabc\n", "x\n3 2.000000\nx\n100%\n4\nabc\n") and status == 9


def test_the_files_that_a_source_includes(write: Write) -> None:
    header = write("#define N 1\n", "a folder/n.h")
    path = write(f'#include <stdio.h>\n#include "{header}"\nint main(void) {{ return N; }}\n')
    assert list(reads(path.read_bytes(), str(path), DEFAULTS)) == sorted([path, header])


def test_the_same_source_gives_the_same_bytes(write: Write, registry: Registry) -> None:
    first = write("int main(void) { return 3; }", "one/prog.c")
    second = write("int main(void) { return 3; }", "another/prog.c")
    assert artifact(first, registry).image == artifact(second, registry).image


def test_a_changed_header_is_a_new_build(write: Write, tmp_path: Path) -> None:
    header, path = write("#define N 11\n", "n.h"), write('#include "n.h"\nint main(void) { return N; }\n')
    environment = {**os.environ, "TBLVM_CACHE_SIZE": "100M", "TBLVM_CACHE_DIR": str(tmp_path / "cache")}
    command = [Path(sys.executable).with_name("tbbuild"), path, "-q", "--run"]

    def status() -> int:
        return subprocess.run(command, env=environment, capture_output=True).returncode

    assert [status(), status()] == [11, 11]
    header.write_text("#define N 12\n")
    assert [status(), status()] == [12, 12]


def test_the_same_source_in_another_folder_has_other_headers(write: Write, tmp_path: Path) -> None:
    environment = {**os.environ, "TBLVM_CACHE_SIZE": "100M", "TBLVM_CACHE_DIR": str(tmp_path / "cache")}
    found = []
    for folder, number in (("one", 5), ("two", 6)):
        write(f"#define N {number}\n", f"{folder}/n.h")
        path = write('#include "n.h"\nint main(void) { return N; }\n', f"{folder}/prog.c")
        command = [Path(sys.executable).with_name("tbbuild"), "prog.c", "-q", "--run"]
        done = subprocess.run(command, cwd=path.parent, env=environment, capture_output=True)
        found.append(done.returncode)
    assert found == [5, 6]


def test_the_general_runtime_runs_it(write: Write, tmp_path: Path) -> None:
    path = write(
        '#include <stdio.h>\nint main(int c, char **v) { printf("%d %s\\n", N, v[c - 1]); return c; }\n'
    )
    environment = {**os.environ, "TBLVM_CACHE_SIZE": "100M", "TBLVM_CACHE_DIR": str(tmp_path / "cache")}

    def run(flags: str) -> tuple[int, str]:
        command = [
            Path(sys.executable).with_name("tblvm"),
            "run",
            "-O",
            f"c.flags={flags}",
            path,
            "one",
            "-O two",
        ]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    assert [run("-DN=1"), run("-DN=2"), run("-DN=1")] == [(3, f"{n} -O two\n") for n in (1, 2, 1)]
    status, said = run("-o x")
    assert status == 2 and said.startswith("tblvm: option c.flags takes -I,")
