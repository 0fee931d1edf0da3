"""QEMU, until it is done or its deadline has passed."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

NAME = "qemu-system-x86_64"
HINT = "install it: the Debian package is qemu-system-x86, `make machine` does it"
_KVM = Path("/dev/kvm")


def missing() -> str:
    """Why there is no machine; empty where there is one."""
    return "" if shutil.which(NAME) else f"there is no {NAME}; {HINT}"


@cache
def accelerator() -> tuple[str, ...]:
    """The CPU itself where it has protection keys and can be used, otherwise the emulated one."""
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").exists() else []
    if "pku" in flags and os.access(_KVM, os.R_OK | os.W_OK):
        return "-accel", "kvm", "-cpu", "host"
    # Where QEMU emulates a far return of user code, it reads the stack as the supervisor: with SMAP, a wall of the
    # kernel against itself and none of ours, that is a fault of the kernel's.
    return "-accel", "tcg,thread=multi", "-cpu", "max,-smap"


@dataclass(frozen=True, slots=True)
class Run:
    """console: all that the machine said on it; late: whether it was stopped at the deadline."""

    console: str
    late: bool
    seconds: float


def run(
    kernel: Path, files: Path, results: Path, *, cpus: int, memory: int, deadline: float, live: bool
) -> Run:
    """Boot *kernel* with the file system in *files*, until it powers off, at most *deadline* seconds. results: the
    file that gets what is written to the second serial port; memory: MiB; live: show the console meanwhile."""
    words = [NAME, *accelerator(), "-machine", "pc", "-smp", str(cpus), "-m", str(memory)]
    words += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
    words += [
        "-chardev",
        "stdio,id=console,signal=off",
        "-serial",
        "chardev:console",
        "-serial",
        f"file:{results}",
    ]
    words += ["-kernel", str(kernel), "-initrd", str(files)]
    words += ["-append", "console=ttyS0 quiet panic=-1 oops=panic random.trust_cpu=on"]
    started = time.monotonic()
    console = results.with_name("console")
    late = False
    with console.open("wb") as said, console.open("rb") as seen:
        machine = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        try:
            # Woken by its end; in between only to show what it says.
            while machine.poll() is None:
                left = started + deadline - time.monotonic()
                if left <= 0:
                    late = True
                    break
                with contextlib.suppress(subprocess.TimeoutExpired):
                    machine.wait(min(left, 0.2) if live else left)
                _show(seen, live)
        finally:
            machine.kill()
            machine.wait()
        _show(seen, live)
    return Run(console.read_text(errors="replace"), late, time.monotonic() - started)


def _show(console: BinaryIO, live: bool) -> None:
    if live:
        sys.stdout.write(console.read().decode(errors="replace").replace("\r\n", "\n"))
        sys.stdout.flush()
