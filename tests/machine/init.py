"""The first process in the machine: makes it a usual Linux, runs what /job.json says, tells how it ended.

Put into the machine as /init, alone: it imports nothing of the project.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

JOB, STAND_IN = Path("/job.json"), Path("/stand-in.json")
RESULTS = Path("/dev/ttyS1")  # read by the outside: a JSON object a line
_POWER_OFF = 0x4321FEDC
_FAILED = 1  # the status of pytest where tests failed: the kernel has no part in it
_KERNEL_LINES = 40

libc = ctypes.CDLL(None, use_errno=True)


def mount(kind: str, place: str) -> None:
    Path(place).mkdir(parents=True, exist_ok=True)
    if libc.mount(kind.encode(), place.encode(), kind.encode(), 0, None):
        raise OSError(ctypes.get_errno(), f"mount {kind} on {place}")


def make_usual() -> None:
    mount("proc", "/proc")
    mount("sysfs", "/sys")
    mount("devtmpfs", "/dev")
    mount("tmpfs", "/dev/shm")
    mount("devpts", "/dev/pts")
    Path("/tmp").chmod(0o1777)  # not mounted anew: the working tree may lie below it
    for name, target in {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}.items():
        path = Path("/dev", name)
        if not path.is_symlink():
            path.symlink_to(target)
    compiler, size, age = json.loads(STAND_IN.read_text())
    os.truncate(compiler, size)  # sparse
    os.utime(compiler, ns=(age, age))


def give(folder: Path, user: int) -> None:
    """All in *folder* belongs to *user* then."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, user, user)


def run(job: dict[str, Any]) -> int:
    """The status of the job's process, as os.waitstatus_to_exitcode gives it."""
    user = job["user"]
    if user:
        RESULTS.chmod(0o666)
        for folder in job["writable"]:
            give(Path(folder), user)
    child = subprocess.Popen(
        job["command"],
        cwd=job["folder"],
        env=job["environment"],
        start_new_session=True,
        user=user,
        group=user,
        extra_groups=[],
    )
    while True:  # it is everybody's parent in the end
        found, status = os.wait()
        if found == child.pid:
            return os.waitstatus_to_exitcode(status)


def kernel_log() -> str:
    """The last that the kernel has said since this process runs (system log action 3: read all)."""
    text = ctypes.create_string_buffer(1 << 18)
    size = libc.klogctl(3, text, len(text))
    said = text.raw[: max(size, 0)].decode(errors="replace").partition("Run /init as init process")[2]
    return "\n".join(said.splitlines()[-_KERNEL_LINES:])


def main() -> None:
    # Not SIG_IGN: that would be inherited by all that runs here, and its tests of Ctrl-C would wait for ever.
    signal.signal(signal.SIGINT, lambda *_: None)
    end: dict[str, object] = {}
    try:
        make_usual()
        end["status"] = run(json.loads(JOB.read_text()))
    except BaseException:
        end["error"] = traceback.format_exc()
    if end.get("status") not in (0, _FAILED):
        end["kernel"] = kernel_log()
    with RESULTS.open("w") as results:
        print(json.dumps({"end": end}), file=results)
    sys.stdout.flush()
    os.sync()
    libc.reboot(_POWER_OFF)


if __name__ == "__main__":
    main()
