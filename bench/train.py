"""What runtimes have that load programs: the superinstructions and variants that pay for most of them.

    python -m bench.train              # counts all programs, chooses, prints what it gains; writes nothing
    python -m bench.train --write      # and writes core/superinstructions/defaults.json
    python -m bench.train --time       # measures the programs of bench/programs
    python -m bench.train --profiles DIR    # keeps the profiles there, and takes those that are there already

Trained on: the examples, the C programs of the tests, those of bench/programs. Every program counts alike,
whatever its length. First comes what pays in three of them at least, then what pays most in any; a runtime
takes from the front of the list what its program has room for. Held out is each program in its turn: what the
others would choose for it. --time measures executables: they have what the builder guesses of their loops.
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

from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import Registry, load
from tblvm.core.superinstructions.chosen import DEFAULTS, costs_of
from tblvm.core.superinstructions.profile import Profile, form_of, from_json, plain
from tblvm.core.superinstructions.select import Chosen, Code, choose, dispatches, weighted
from tblvm.core.threaded.engine import FIXED
from tblvm.core.threaded.usual import USUAL
from tblvm.opcodes import types
from tblvm.opcodes.ir import Graph
from tblvm.opcodes.values import DslError
from tests.programs import EXAMPLES, expected

ROOT = Path(__file__).parent.parent
# In how many programs what is chosen must pay, and bytes of all that is chosen so.
TIERS = ((3, 32 << 10), (1, 48 << 10))
RUNS = 7
_FIXED = {each.name: each for each in FIXED if each.kind}


@dataclass(frozen=True)
class Job:
    """A run of a program: its arguments and its input. measured: by --time."""

    name: str
    path: Path
    arguments: tuple[str, ...] = ()
    stdin: bytes = b""
    measured: bool = False


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
        yield Job(f"bench/{name}", path, ("1", str(row["size"])), measured=True)


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

    def choose(self, programs: Sequence[Profile]) -> list[Chosen]:
        """The default set that comes of these programs."""
        costs = costs_of(graph_of(self.registry))
        rows = weighted([list(each.stretches) for each in programs], costs)
        found: list[Chosen] = []
        for least, budget in TIERS:
            there = self.given | {each.code for each in found}
            found += choose(rows, costs, budget, given=there, least_programs=least, fits=self.fits)
        return found

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
    parser.add_argument("--write", action="store_true", help="the default set")
    parser.add_argument("--time", action="store_true", help="measure, in place of counting dispatches")
    parser.add_argument("--profiles", type=Path, help="a folder for profiles")
    parser.add_argument("--only", help="programs to measure: fib,sieve")
    given = parser.parse_args()

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    with tempfile.TemporaryDirectory() as temporary:
        folder = given.profiles or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = profiles(list(jobs()), folder, say)
        trainer = Trainer(load(), pairs(found))
        rows = trainer.choose(list(found.values()))
        codes = [each.code for each in rows]
        print(f"{len(rows)} superinstructions, {sum(each.bytes for each in rows):,} bytes as estimated")
        for each in rows[:20]:
            told = f"{each.programs:3} programs {each.bytes:4} bytes"
            print(f"  {each.saves:7.3f} {told}  {' ; '.join(each.code)}")
        if given.write:
            listed = executed(trainer, found)
            print(f"{len(listed)} handlers of one variant, or of a comparison and its branch")
            told = json.dumps({"handlers": listed}, separators=(",", ":")).replace("],", "],\n")
            USUAL.write_text(told + "\n")
            text = json.dumps({"sequences": codes}, separators=(",", ":")).replace("],", "],\n")
            DEFAULTS.write_text(text + "\n")
        if given.time:
            only = given.only.split(",") if given.only else []
            timed(trainer, found, only, Path(temporary))
        else:
            gains(trainer, found, codes)


def executed(trainer: Trainer, found: Mapping[str, Profile]) -> list[Code]:
    """Variants, and comparisons with the branch behind them, by the share of what programs execute, each
    program counting alike; those with all operands in slots, which every runtime has, are left out."""
    shares: dict[Code, float] = {}
    for profile in found.values():
        total = sum(sum(each.counts) for each in profile.stretches)
        for stretch in profile.stretches:
            for at, (name, count) in enumerate(zip(stretch.code, stretch.counts, strict=True)):
                pair = stretch.code[at - 1 : at + 1]
                for code in ((name,), pair) if pair in trainer.given else ((name,),):
                    shares[code] = shares.get(code, 0) + count / total
    order = sorted(shares, key=lambda code: (-shares[code], code))
    return [code for code in order if len(code) > 1 or not _is_general(code[0])]


def _is_general(name: str) -> bool:
    if name in _FIXED or name.startswith("_"):
        return True
    kinds, _, result = name.rpartition(":")[2].partition(">")
    return result != "a" and set(kinds) <= {"s", "h"}


def gains(trainer: Trainer, found: Mapping[str, Profile], codes: Sequence[Code]) -> None:
    """Print how many dispatches are left, of each program."""
    print("\ndispatches left, of those over the base that fuses comparison and branch")
    print(f"{'':24}{'trained on all':>16}{'held out':>12}", flush=True)
    all_, out = [], []
    for name, profile in found.items():
        all_.append(trainer.ratio(profile, codes))
        out.append(trainer.ratio(profile, held_out(trainer, found, name)))
        print(f"{name:24}{all_[-1]:16.2f}{out[-1]:12.2f}", flush=True)
    print(f"{'geometric mean':24}{geometric_mean(all_):16.2f}{geometric_mean(out):12.2f}")


def held_out(trainer: Trainer, found: Mapping[str, Profile], name: str) -> list[Code]:
    """The default set that all programs but one would give."""
    return [each.code for each in trainer.choose([p for other, p in found.items() if other != name])]


def timed(trainer: Trainer, found: Mapping[str, Profile], only: Sequence[str], folder: Path) -> None:
    """Print how much faster programs are: with what the builder guesses of their loops, and with a profile of
    their own."""
    kinds = ("guessed", "profile")
    print("\ntimes faster than without superinstructions: median of ratios (least to most), processor time")
    print(f"{'':24}" + "".join(f"{each:>22}" for each in kinds), flush=True)
    gained: dict[str, list[float]] = {kind: [] for kind in kinds}
    for job in jobs():
        if job.name not in found or not job.measured or (only and job.path.stem not in only):
            continue
        images = {"none": built(trainer.registry, job, {"superinstructions": 0}, None, folder)}
        images["guessed"] = built(trainer.registry, job, {}, None, folder)
        images["profile"] = built(trainer.registry, job, {}, found[job.name], folder)
        times = [{kind: seconds(image, job) for kind, image in images.items()} for _ in range(RUNS)]
        texts = []
        for kind in kinds:
            ratios = sorted(each["none"] / each[kind] for each in times)
            gained[kind].append(median(ratios))
            texts.append(f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
        print(f"{job.name:24}" + "".join(f"{each:>22}" for each in texts), flush=True)
    means = (f"{geometric_mean(gained[kind]):.3f}" for kind in kinds)
    print(f"{'geometric mean':24}" + "".join(f"{each:>22}" for each in means))


def built(
    registry: Registry,
    job: Job,
    options: Mapping[str, int | str],
    profile: Profile | None,
    folder: Path,
) -> Path:
    """An executable."""
    module = translate(job.path.read_bytes(), str(job.path), registry)
    request = Request(engine="threaded", options=options, profile=profile)
    path = folder / f"{job.path.stem}-{len(list(folder.iterdir()))}"
    path.write_bytes(build(module, registry, request).image)
    path.chmod(0o755)
    return path


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
