"""A machine with memory protection keys, for tests on computers whose CPU has none.

    make machine                                               # all of it, on both kernels
    make machine TBLVM_MACHINE_KERNELS=6.1 TBLVM_MACHINE_SELECT="tests/isolation/keys -k signal"
    .venv/bin/python -m tests.machine --kernel 6.1 tests/isolation/keys -k signal
    .venv/bin/python -m tests.machine --kernel 6.12 --command python -c 'import os; print(os.uname())'

QEMU's emulated CPU has the keys, and enforces them exactly. It boots the kernels of Debian's cloud images (6.1,
and 6.12, which bookworm-security has) with a file system in memory: this Python, the packages that tests import, this
project as it lies in the working tree, all under the same paths as outside, and there runs `python -m pytest
SELECTION`. Where /dev/kvm can be used and the CPU itself has the keys, it is the CPU that runs it.
    make machine TBLVM_MACHINE_ALL=1                           # and what was shown without it

What runs inside
    tests/isolation, tests/attacks, engines, limits and reports of tests/embed, but for what is marked `outside`
    (`@pytest.mark.outside`: what needs things that the machine does not have) or `repeated` (what was shown without
    it: workers, files, all that is the same in any process; `--all` or TBLVM_MACHINE_ALL runs these too, on its kernels).
    What needs the keys is marked `needs_keys` (`from tests.machine.keys import needs_keys`): it is skipped
    where the CPU has none, and runs natively where it has them. Inside the machine nothing skips for that reason.

There is no compiler inside (it takes 400 MB). What tests use and is compiled must be built before, outside:
    Runtimes (what `tblvm.load` builds) stand in runtimes.txt, a line each (in repeated.txt those for `--all`). Which ones tests ask for is recorded
    inside; with TBLVM_TEST_ENGINE=threaded all of them have that engine, but where a line names one. Where one is missing the run fails and names it, and `python -m tests.machine --learn [SELECTION]` adds it.
    For all else a file `prebuild.py` in a folder of tests has a function `prebuild()`, which builds by the same calls
    as the tests do, and gives the files or folders that have to go in besides (None for none):

        def prebuild() -> Iterable[Path] | None:
            supervisor.image()                      # kept by builder/cache.py: found inside under the same key
            return [built_of(files, how, make)]     # a folder of tests/harness/builds.py

In place of the compiler stands a script of the same size and age (keys of the cache count these), which says
what to do when it is called. The environment inside: TBLVM_MACHINE is the kernel's name ("6.1"), TBLVM_CACHE_DIR the
cache, and all TBLVM_TEST_* variables are those of outside. The user is root, as in most containers; `--user`
is for what must work without that.

Files: kernels.py fetches kernels (cache: TBLVM_MACHINE_CACHE, ~/.cache/tblvm-machine); contents.py says what goes
into the machine, archive.py packs it, runtimes.py has the list; init.py is its first process; results.py tells the outside how each test ended;
emulator.py runs QEMU until a deadline; outcome.py judges.
"""
