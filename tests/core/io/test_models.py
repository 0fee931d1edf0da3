"""What the room registers fits together: services, micro-libraries, opcodes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tblvm.core.io import plugin, services
from tblvm.opcodes import f32, i32, string


def test_every_service_is_in_the_library_that_it_names() -> None:
    for library in plugin.tblvm_micro_libraries():
        assert {service.library for service in library.services} == {library.name}
        assert all((library.room / source).is_file() for source in library.sources)
        assert {trap for service in library.services for trap in service.traps} == set(library.traps)


def test_opcodes_belong_to_the_libraries() -> None:
    names = {library.name for library in plugin.tblvm_micro_libraries()}
    assert {opcodes.library for opcodes in plugin.tblvm_opcodes()} == names


def test_options_admit_their_defaults() -> None:
    for library in plugin.tblvm_micro_libraries():
        assert all(option.minimum <= option.default <= option.maximum for option in library.options)


def test_models_write_to_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    console = services.Console()
    strings = {0: None, 8: "h\u00e9"}
    machine = SimpleNamespace(state=lambda cls: console, string=strings.get)
    monkeypatch.setattr(services, "machine", lambda: machine)
    services.print_i32.model(i32(-5))
    services.print_f32.model(f32(0x3FC00000))
    services.print_string.model(string(8))
    services.print_string.model(string(0))
    services.put_byte.model(i32(-1))
    assert bytes(console.output) == b"-51.5h\xc3\xa9null\xff"
