"""That the machine which these tests run on is what it is meant to be."""

from __future__ import annotations

import ctypes
import faulthandler
import mmap
import os
import signal

import pytest

from tests.machine.keys import INSIDE, has_keys, needs_keys

inside = pytest.mark.skipif(INSIDE not in os.environ, reason="about the emulated machine")
_PKEY_MPROTECT, _PKEY_ALLOC = 329, 330
_DISABLE_ACCESS = 1


@inside
def test_it_has_keys_and_the_kernel_asked_for_and_cpus_for_races() -> None:
    assert has_keys()
    assert os.uname().release.startswith(os.environ[INSIDE] + ".")
    assert (os.cpu_count() or 1) >= 2


@needs_keys
def test_a_key_without_rights_is_a_wall() -> None:
    page = mmap.mmap(-1, mmap.PAGESIZE)
    page[:6] = b"secret"
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    child = os.fork()
    if not child:
        faulthandler.disable()
        libc = ctypes.CDLL(None)
        key = libc.syscall(_PKEY_ALLOC, 0, _DISABLE_ACCESS)
        if key < 1 or libc.syscall(_PKEY_MPROTECT, ctypes.c_void_p(address), mmap.PAGESIZE, 3, key):
            os._exit(2)
        ctypes.string_at(address, 6)
        os._exit(3)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == -signal.SIGSEGV
    assert page[:6] == b"secret"
