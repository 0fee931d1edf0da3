"""What isolation costs, beside the same without it in the same run.

    python bench/isolation.py [--level process] [--rounds N] [NAME…]

Programs, calls and starts are measured in turns, so that other work on the machine hits all alike; figures
are medians, of programs with the quartiles of the ratios. Switches of control are counted, not timed;
instructions of the gates are those in their machine code. No figure is in cycles: where an emulated machine
runs this, times say nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import tblvm
from tblvm import Instance, Store

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.tba"))
SCREENS = ("mandelbrot",)  # they draw into a file
CALLS = b"""
.import nothing(): "bench", "nothing"
.func main()
    RET
.end
.func empty()
    RET
.end
.func spin(n: i32)
again:
    LOAD n
    DEC
    DUP
    STORE n
    JNZ again
    RET
.end
.func ask(n: i32)
again:
    CALL nothing
    LOAD n
    DEC
    DUP
    STORE n
    JNZ again
    RET
.end
"""


def stdin_of(path: Path) -> bytes:
    """The input that an example's comments name."""
    lines = [line.split("stdin:", 1)[1] for line in path.read_text().splitlines() if "; stdin:" in line]
    return "".join(line.removeprefix(" ") + "\n" for line in lines).encode()


def seconds(function: Callable[[], Any]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def in_turns(rounds: int, *those: Callable[[], Any]) -> list[list[float]]:
    """Seconds of each, in each round; the first round warms up and does not count."""
    found: list[list[float]] = [[] for _ in those]
    for number in range(rounds + 1):
        for times, each in zip(found, those, strict=True):
            took = seconds(each)
            if number:
                times.append(took)
    return found


def programs(level: str, rounds: int, names: list[str]) -> None:
    """Runs of the examples, without what loading them takes."""
    print(f"| program | none, ms | {level}, ms | ratio | quartiles | switches |")
    print("|---|---:|---:|---:|---:|---:|")
    ratios, longer = [], []
    for path in EXAMPLES:
        if path.stem in SCREENS or (names and path.stem not in names):
            continue
        data, content = stdin_of(path), path.read_bytes()
        stores = [Store(grants=["clock"]), Store(grants=["clock"], isolation=level)]
        switches = 0

        def run(store: Store, content: bytes = content, data: bytes = data) -> float:
            nonlocal switches
            with store.load(content) as vm:
                before = vm.report().spent.switches or 0
                took = seconds(lambda: vm.run(stdin=data))
                switches = (vm.report().spent.switches or 0) - before - 1  # one is the report's
                return took

        plain, walled = [], []
        for number in range(rounds + 1):
            one, other = run(stores[0]), run(stores[1])
            if number:
                plain.append(one)
                walled.append(other)
        each = [other / one for one, other in zip(plain, walled, strict=True)]
        low, middle, high = statistics.quantiles(each, n=4) if len(each) > 1 else each * 3
        ratios.append(middle)
        longer.append(statistics.median(walled) - statistics.median(plain))
        times = f"{statistics.median(plain) * 1e3:.2f} | {statistics.median(walled) * 1e3:.2f}"
        print(f"| {path.stem} | {times} | {middle:.2f} | {low:.2f}–{high:.2f} | {switches} |", flush=True)
    print(f"\nof {len(ratios)} programs: ratio {statistics.median(ratios):.2f}, a run takes ", end="")
    print(f"{statistics.median(longer) * 1e3:.2f} ms more (medians)\n")


def processor(vm: Instance, rounds: int) -> list[float]:
    """Seconds of processor time of a long loop, in each round: others may want the processor, too."""
    words = vm.report().walls.get("process", "").split()
    # The clock of another process, as clock_getcpuclockid(3) makes its number.
    clock = (~int(words[1].rstrip(",")) << 3) | 2 if words else time.CLOCK_PROCESS_CPUTIME_ID
    spin, found = vm.function("spin"), []
    for _ in range(rounds):
        began = time.clock_gettime(clock)
        spin(10**7)
        found.append(time.clock_gettime(clock) - began)
    return found


def calls(level: str, rounds: int) -> None:
    """Calls of nothing, one way and the other."""
    many = 200
    made: list[Instance] = [
        Store(isolation=each, imports={"bench": {"nothing": lambda: None}}).load(CALLS)
        for each in ("none", level)
    ]
    asks = [vm.function("ask") for vm in made]
    ours, theirs = os.pipe(), os.pipe()
    peer = subprocess.Popen(
        [sys.executable, "-c", f"import os\nwhile os.read({ours[0]}, 1): os.write({theirs[1]}, b'x')"],
        pass_fds=(ours[0], theirs[1]),
    )

    def echo() -> None:
        for _ in range(many):
            os.write(ours[1], b"x")
            os.read(theirs[0], 1)

    def empty(vm: Instance) -> None:
        for _ in range(many):
            vm.call("empty")

    found = in_turns(
        rounds,
        lambda: empty(made[0]),
        lambda: empty(made[1]),
        lambda: asks[0](many),
        lambda: asks[1](many),
        echo,
    )
    middle = [statistics.median(each) / many * 1e6 for each in found]
    one, other = (statistics.median(processor(vm, rounds)) * 1e3 for vm in made)
    took = f"{one:.0f} ms and {other:.0f} ms of processor time, ratio {other / one:.2f}"
    before = made[1].report().spent.switches or 0
    own = (made[1].report().spent.switches or 0) - before
    made[1].call("empty")
    single = (made[1].report().spent.switches or 0) - before - 2 * own
    asks[1](10)
    ten = (made[1].report().spent.switches or 0) - before - 3 * own - single
    for descriptor in (*ours, *theirs):
        os.close(descriptor)
    peer.wait()
    for vm in made:
        vm.close()
    print(f"| | none, µs | {level}, µs | switches |")
    print("|---|---:|---:|---:|")
    print(f"| call of an empty function | {middle[0]:.2f} | {middle[1]:.2f} | {single} |")
    print(f"| call of a host function | {middle[2]:.2f} | {middle[3]:.2f} | {(ten - 1) // 10} |")
    print(f"| beside: a byte to a Python process and back by pipes | | {middle[4]:.2f} | |\n")
    print(f"a loop of 50 million instructions: {took}\n")


def starts(level: str, rounds: int) -> None:
    """A program from its bytes to its end; and what systems have to start."""
    content = b".func main()\n    RET\n.end\n"
    cold = []
    code = (
        "import time, tblvm\nbegan = time.perf_counter()\n"
        f"store = tblvm.Store(isolation={level!r})\nstore.load({content!r}).run()\n"
        "first = time.perf_counter() - began\nprint(first)\n"
    )
    for number in range(min(rounds, 5) + 1):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        if number:
            cold.append(float(done.stdout))
    stores = [Store(), Store(isolation=level)]

    def run(store: Store) -> None:
        with store.load(content) as vm:
            vm.run()

    def process() -> None:
        subprocess.run(["/bin/true"], check=True)

    def bare() -> None:
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)

    def thread() -> None:
        made = threading.Thread(target=lambda: None)
        made.start()
        made.join()

    found = in_turns(rounds * 3, lambda: run(stores[0]), lambda: run(stores[1]), process, bare, thread)
    rows = (
        (f"{level}: the first program of a process, runtime in the cache", cold),
        (f"{level}: each further one (a guest made, run, ended)", found[1]),
        ("none: each further one", found[0]),
        ("subprocess.run of /bin/true", found[2]),
        ("posix_spawn of /bin/true, and waiting", found[3]),
        ("a thread of Python, and waiting", found[4]),
    )
    print("| start | ms |\n|---|---:|")
    for name, times in rows:
        print(f"| {name} | {statistics.median(times) * 1e3:.2f} |")
    print()


def gates() -> None:
    """Instructions in the machine code of the gates of protection keys."""
    import capstone
    from elftools.elf.elffile import ELFFile

    from tblvm.builder.toolchain import zig

    source = ROOT / "isolation" / "keys" / "c" / "gates.c"
    includes = [f"-I{each}" for each in (source.parent, ROOT / "core" / "c", ROOT / "isolation" / "c")]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "gates.o"
        command = [str(zig()), "cc", "-target", "x86_64-linux-musl", "-O2", *includes, "-c", str(source)]
        subprocess.run([*command, "-o", str(made)], check=True)
        with made.open("rb") as file:
            elf = ELFFile(file)
            text = elf.get_section_by_name(".text")
            index = [each.name for each in elf.iter_sections()].index(".text")
            symbols = elf.get_section_by_name(".symtab")
            named = {
                each["st_value"]: each.name
                for each in symbols.iter_symbols()
                if each["st_shndx"] == index and each.name.startswith("tb_keys")
            }
            data = text.data()
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    print("| gate of protection keys | instructions | of them WRPKRU |\n|---|---:|---:|")
    for start, end in pairwise([*sorted(named), len(data)]):
        found = [each.mnemonic for each in decoder.disasm(data[start:end], start)]
        found = [each for each in found if not each.startswith(("nop", "int3"))]
        if "wrpkru" in found:
            print(f"| `{named[start]}` | {len(found)} | {found.count('wrpkru')} |")
    print("\nA switch between processes is one `write` and one `read` of a byte on either side.\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--level", default="process", choices=("process", "mpk"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("names", nargs="*", metavar="NAME", help="examples; all where none is named")
    given = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, tblvm {tblvm.__version__}, {os.cpu_count()} processors\n")
    programs(given.level, given.rounds, given.names)
    calls(given.level, given.rounds)
    starts(given.level, given.rounds)
    gates()


if __name__ == "__main__":
    main()
