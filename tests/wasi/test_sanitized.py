"""WASI's C under AddressSanitizer and UndefinedBehaviorSanitizer: a library by gcc, in a Python process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tblvm.builder.artifacts import KINDS
from tblvm.builder.compose import compose
from tblvm.builder.emit import emit
from tblvm.builder.general import general, sample
from tblvm.builder.resolve import Request
from tblvm.core.registry import load
from tests.harness.builds import shared

ROOT = Path(__file__).parents[2]
FLAGS = "-std=gnu11 -g -O1 -fPIC -shared -fvisibility=hidden -fno-strict-aliasing -ffp-contract=off -Wall -Wextra -Werror"
SANITIZE = "-fsanitize=address,undefined -fno-sanitize-recover=all -Wno-attributes"
# What starts a process asks for an entry point; here there is none.
STUB = 'void tb_entry(const void *start);\n__attribute__((visibility("hidden"))) void tb_entry(const void *start) { (void)start; __builtin_trap(); }\n'


@cache
def library() -> Path:
    registry = load()
    features = ("host", "linear", "wasi", "collector")
    plan = general(registry, Request(features=features, artifact=KINDS["shared"]))
    sources = emit(compose(plan, sample(registry), registry.isa, loaded=True))

    def make(folder: Path) -> None:
        from tblvm.builder.compile import write_sources

        write_sources(sources, folder)
        (folder / "stub.c").write_text(STUB)
        # memcpy and the others are the C library's, which the sanitizers watch.
        units = [*(unit.name for unit in sources.units if unit.owner != "rt.standard"), "stub.c"]
        include = [f"-I{folder}", *(f"-I{path}" for path in sources.include)]
        words = ["gcc", *FLAGS.split(), *SANITIZE.split(), *include, *units, "-lm", "-o", "library.so"]
        subprocess.run(words, check=True, cwd=folder)

    return shared(sources, ("sanitized", FLAGS, SANITIZE), make) / "library.so"


RUN = """
import inspect, sys, tempfile
from pathlib import Path
import tblvm.embed.store as store
from tblvm.embed.library import ffi
made = ffi().dlopen(sys.argv[1])
store.library = lambda words: made
from tests.wasi import test_paths as paths, test_poll as poll
for number, test in enumerate((
    paths.test_every_place_in_memory_is_looked_at,
    paths.test_a_directory_for_reading_stays_as_it_is,
    paths.test_a_file_for_reading_gets_no_name_where_it_could_be_written,
    paths.test_magic_links_devices_and_pipes,
    paths.test_many_descriptors_come_to_an_end,
    paths.test_rights_become_fewer,
    poll.test_files_are_ready,
)):
    with tempfile.TemporaryDirectory() as folder:
        test(Path(folder), *(["none"] if "level" in inspect.signature(test).parameters else []))
poll.test_what_cannot_be_waited_for()
poll.test_input_of_a_host_is_ready_when_it_is_read()
print("all is well")
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="compiled for x86-64")
def test_under_sanitizers() -> None:
    runtime = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    ).stdout.strip()
    around = {
        **os.environ,
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=0:handle_segv=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    words = [sys.executable, "-c", RUN, str(library())]
    done = subprocess.run(
        words, cwd=ROOT, env=around, capture_output=True, text=True, check=False, timeout=250
    )
    assert (done.returncode, done.stdout) == (0, "all is well\n"), done.stderr[-4000:]
