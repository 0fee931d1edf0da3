"""cowsay, a program of Rust for an early WASI: words in, a cow out."""

from __future__ import annotations

from ..given import Given
from ..hosts import Ended, Host
from ..machines import Open, Stopped

_MODULE = "wasi_unstable"
_TRAPPED = 134
_ASKED = (
    "fd_prestat_get",
    "fd_prestat_dir_name",
    "environ_sizes_get",
    "environ_get",
    "args_sizes_get",
    "args_get",
)
_ASKED += ("fd_write", "fd_read", "random_get", "proc_exit", "fd_fdstat_get")
_COW = r"""
        \   ^__^
         \  (oo)\_______
            (__)\       )\/\
               ||----w |
                ||     ||
"""


# Arguments, and what stands on the standard input.
CASES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("moo",), ""),
    (("a", "somewhat", "longer", "sentence " * 20), ""),
    ((), "from the standard input\nin two lines\n"),
    (("--help",), ""),
    (("--no-such-option",), ""),
    (("-f", "no such cow", "moo"), ""),
)


def said(open_: Open, given: Given, arguments: tuple[str, ...], stdin: str) -> tuple[int, str, str]:
    """Status, output and messages."""
    host = Host(given.seed, stdin.encode(), tuple(each.encode() for each in ("cowsay", *arguments)))
    host.machine = open_({_MODULE: {name: getattr(host, name) for name in _ASKED}})
    status = 0
    try:
        host.machine.call("_start")
    except Ended as ended:
        status = ended.status
    except Stopped:
        status = _TRAPPED
    return status, host.written[1].decode(), host.written[2].decode()


def drive(open_: Open, given: Given) -> list[object]:
    """What the cow says, and what it cannot."""
    found = [said(open_, given, *case) for case in CASES]
    status, output, _ = found[0]
    assert status == 0 and output.startswith(" _____\n< moo >\n -----") and output.endswith(_COW), output
    assert "USAGE" in found[3][1] and found[4][0] != 0, found[3:5]
    return [*found]
