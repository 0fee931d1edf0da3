"""The superinstructions that runtimes have where no profile is given: which ones pay for most programs.

    python -m bench.train              # counts all programs, chooses, prints what it gains; writes nothing
    python -m bench.train --write      # and writes core/superinstructions/defaults.json
    python -m bench.train --time       # and measures, of programs that were not trained on
    python -m bench.train --profiles DIR    # keeps the profiles there, and takes those that are there already

Trained on: the examples, and the C programs of the tests. Every program counts alike, whatever its length,
and a sequence must pay in three of them at least. Held out: the programs of bench/programs, which no choice
has seen; and each program that was trained on by what the others would choose for it (leave one out).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import geometric_mean, median

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from tblvm.core.registry import Registry, load
from tblvm.core.superinstructions.chosen import DEFAULTS, costs_of
from tblvm.core.superinstructions.profile import Profile, form_of, from_json, plain, to_json
from tblvm.core.superinstructions.select import Chosen, Code, choose, dispatches, weighted
from tblvm.core.threaded.engine import FIXED
from tblvm.opcodes import types
from tblvm.opcodes.ir import Graph
from tblvm.opcodes.values import DslError
from tests.programs import EXAMPLES, expected

ROOT = Path(__file__).parent.parent
BUDGET = (
    32 << 10
)  # bytes of all sequences that are written; a runtime takes the best of those that it can use
LEAST_PROGRAMS = 3
RUNS = 7
_FIXED = {each.name: each for each in FIXED if each.kind}


@dataclass(frozen=True)
class Job:
    """A run of a program: its arguments and its input. held_out: not trained on."""

    name: str
    path: Path
    arguments: tuple[str, ...] = ()
    stdin: bytes = b""
    held_out: bool = False


def jobs() -> Iterator[Job]:
    """All programs."""
    for path in EXAMPLES:
        yield Job(f"examples/{path.stem}", path, stdin=expected(path.read_text()).stdin)
    folder = ROOT / "tests" / "frontends" / "c" / "programs"
    for path in sorted(folder.glob("*.c")):
        given = path.with_suffix(".in")
        if path.stem != "files":  # which wants a folder
            yield Job(f"tests/{path.stem}", path, stdin=given.read_bytes() if given.exists() else b"")
    folder = ROOT / "bench" / "programs"
    for name, row in tomllib.loads((folder / "programs.toml").read_text()).items():
        path = next(path for path in folder.glob(f"{name}.*") if path.suffix in (".c", ".tba"))
        yield Job(f"bench/{name}", path, ("1", str(row["size"])), held_out=True)


def tool(*words: object, stdin: bytes = b"") -> None:
    """Run a command of ours; its program's output is nobody's business."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name(str(words[0]))), *map(str, words[1:])],
        input=stdin,
        capture_output=True,
    )
    if done.returncode > 2 and b": " in done.stderr and words[0] == "tbbuild":
        raise SystemExit(done.stderr.decode())


def profiles(wanted: Sequence[Job], folder: Path, say: Callable[[str], None]) -> dict[str, Profile]:
    """The profile of each job, by its name."""
    found = {}
    for job in wanted:
        path = folder / f"{job.name.replace('/', '-')}.profile.json"
        if not path.exists():
            say(f"counting {job.name}")
            tool("tblvm", "profile", "-o", path, job.path, *job.arguments, stdin=job.stdin)
        if path.exists():
            found[job.name] = _plain(from_json(path.read_bytes(), path.name))
        else:
            say(f"{job.name} does not run: left out")
    return found


def _plain(profile: Profile) -> Profile:
    """With names that are the same in all programs."""
    programs = []
    for program in profile.programs:
        functions = []
        for function in program.functions:
            stretches = tuple(replace(s, code=tuple(map(plain, s.code))) for s in function.stretches)
            functions.append(replace(function, stretches=stretches))
        programs.append(replace(program, functions=tuple(functions)))
    return replace(profile, programs=tuple(programs))


def graph_of(registry: Registry) -> Callable[[str], Graph | None]:
    """The op IR of a register instruction, by its name."""

    def find(name: str) -> Graph | None:
        label, _, bound = form_of(name).rstrip("~").partition("(")
        pairs = [each.split("=") for each in bound.rstrip(")").split(",") if each]
        try:
            opcode = registry.isa.find(label)
            bindings = tuple(
                (variable, types.BY_NAME[type_.replace("cell", "i32")]) for variable, type_ in pairs
            )
            return next(
                d.graph(bindings) for d in opcode.declarations if len(d.signature.domains) == len(pairs)
            )
        except (LookupError, StopIteration, DslError):
            return None

    return find


def pairs(found: Mapping[str, Profile]) -> set[Code]:
    """What is fused anyway: a comparison with the branch that follows."""
    return {
        stretch.code[-2:]
        for profile in found.values()
        for stretch in profile.stretches
        if len(stretch.code) > 1
        and stretch.code[-2].endswith(">a")
        and stretch.code[-1].endswith((":a>f", ":a>b"))
    }


@dataclass(frozen=True)
class Trainer:
    """What is chosen of profiles. given: sequences that are fused anyway."""

    registry: Registry
    given: set[Code]

    def choose(
        self, programs: Sequence[Profile], budget: int = BUDGET, least: int = LEAST_PROGRAMS
    ) -> list[Chosen]:
        costs = costs_of(graph_of(self.registry))
        return choose(
            weighted([list(each.stretches) for each in programs], costs),
            costs,
            budget,
            given=self.given,
            least_programs=least,
            fits=self.fits,
        )

    def fits(self, code: Code) -> bool:
        last = code[-1]
        return all(map(self._goes_on, code[:-1])) and (self._goes_on(last) or self._may_end(last))

    def _may_end(self, name: str) -> bool:
        return name.endswith((">f", ">b")) or (name in _FIXED and _FIXED[name].may_end)

    def _goes_on(self, name: str) -> bool:
        if name in _FIXED:
            return _FIXED[name].goes_on
        graph = graph_of(self.registry)(name)
        return not name.endswith((">f", ">b")) and (graph is None or graph.transfer is None)

    def ratio(self, profile: Profile, chosen: Sequence[Code]) -> float:
        """Dispatches with these superinstructions, of those with none."""
        there = self.given | set(chosen)
        before = sum(dispatches(each, self.given) for each in profile.stretches)
        return sum(dispatches(each, there) for each in profile.stretches) / before if before else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.train")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--profiles", type=Path)
    parser.add_argument("--only", help="of programs that were not trained on, these: fib,sieve")
    given = parser.parse_args()

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    with tempfile.TemporaryDirectory() as temporary:
        folder = given.profiles or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        only = given.only.split(",") if given.only else []
        wanted = [j for j in jobs() if not (j.held_out and only) or j.path.stem in only]
        found = profiles(wanted, folder, say)
        held = {job.name for job in jobs() if job.held_out}
        trainer = Trainer(load(), pairs(found))
        trained = {name: each for name, each in found.items() if name not in held}
        rows = trainer.choose(list(trained.values()))
        codes = [each.code for each in rows]
        print(f"{len(rows)} superinstructions, {sum(each.bytes for each in rows):,} bytes as estimated")
        for each in rows[:20]:
            told = f"{each.programs:3} programs {each.bytes:4} bytes"
            print(f"  {each.saves:7.3f} {told}  {' ; '.join(each.code)}")
        if not given.time:
            gains(trainer, trained, found, codes)
        if given.write:
            text = json.dumps({"sequences": [list(each) for each in codes]}, indent=1) + "\n"
            DEFAULTS.write_text(text)
        if given.time:
            timed(trainer, found, trained, Path(temporary))


def gains(
    trainer: Trainer, trained: Mapping[str, Profile], found: Mapping[str, Profile], codes: Sequence[Code]
) -> None:
    """Print how many dispatches are left, of each program."""
    print("\ndispatches left, of those over the base that fuses comparison and branch")
    print(f"{'':24}{'trained on all':>16}{'left out':>12}")
    all_, out = [], []
    for name, profile in found.items():
        whole = trainer.ratio(profile, codes)
        if name in trained:
            others = [each for other, each in trained.items() if other != name]
            left = trainer.ratio(profile, [each.code for each in trainer.choose(others)])
            all_.append(whole)
            print(f"{name:24}{whole:16.2f}{left:12.2f}")
        else:
            left = whole
            print(f"{name:24}{'':16}{left:12.2f}")
        out.append(left)
    print(f"{'geometric mean':24}{geometric_mean(all_):16.2f}{geometric_mean(out):12.2f}")


def timed(
    trainer: Trainer, found: Mapping[str, Profile], trained: Mapping[str, Profile], folder: Path
) -> None:
    """Print how much faster programs are: with the default set, and with a profile of their own."""
    print("\ntimes faster than without superinstructions (median of ratios, least and most)")
    print(f"{'':24}{'default set':>22}{'own profile':>22}")
    gained: dict[str, list[float]] = {"default": [], "own": []}
    for job in jobs():
        if not job.held_out or job.name not in found:
            continue
        own = folder / "own.json"
        own.write_text(to_json(found[job.name]))
        builds = {
            "none": ("-O", "superinstructions=0"),
            "default": (),
            "own": ("--profile", own),
        }
        images = {}
        for kind, words in builds.items():
            images[kind] = folder / f"{job.path.stem}-{kind}"
            tool("tbbuild", "--engine", "threaded", "-q", *words, "-o", images[kind], job.path)
        texts = []
        times = [{kind: seconds(image, job) for kind, image in images.items()} for _ in range(RUNS)]
        for kind in ("default", "own"):
            ratios = sorted(each["none"] / each[kind] for each in times)
            gained[kind].append(median(ratios))
            texts.append(f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
        print(f"{job.name:24}{texts[0]:>22}{texts[1]:>22}", flush=True)
    print(
        f"{'geometric mean':24}{geometric_mean(gained['default']):22.3f}{geometric_mean(gained['own']):22.3f}"
    )


def seconds(image: Path, job: Job) -> float:
    """How long a processor works for a run: what others do on the machine counts less than by the clock."""
    with tempfile.TemporaryFile() as given:
        given.write(job.stdin)
        given.seek(0)
        process = subprocess.Popen([str(image), *job.arguments], stdin=given, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    if status:
        raise SystemExit(f"{job.name} failed: {status}")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
