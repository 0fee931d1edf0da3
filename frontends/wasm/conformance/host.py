"""Module `spectest`, which specification tests import from: a WebAssembly module itself."""

from __future__ import annotations

import struct

_I32, _I64, _F32, _F64, _FUNCTION, _TABLE = 0x7F, 0x7E, 0x7D, 0x7C, 0x60, 0x70
# What prints: nobody looks at it.
_FUNCTIONS = {
    "print": (),
    "print_i32": (_I32,),
    "print_i64": (_I64,),
    "print_f32": (_F32,),
    "print_f64": (_F64,),
    "print_i32_f32": (_I32, _F32),
    "print_f64_f64": (_F64, _F64),
}
_GLOBALS = {
    "global_i32": (_I32, b"\x41\x9a\x05"),
    "global_i64": (_I64, b"\x42\x9a\x05"),
    "global_f32": (_F32, b"\x43" + struct.pack("<f", 666.6)),
    "global_f64": (_F64, b"\x44" + struct.pack("<d", 666.6)),
}
_END = b"\x0b"


def _section(number: int, *entries: bytes) -> bytes:
    """A section that is a vector: everything here is shorter than 16 KiB."""
    content = bytes([len(entries)]) + b"".join(entries)
    return bytes([number, len(content) & 0x7F | 0x80, len(content) >> 7]) + content


def _module() -> bytes:
    exports = [(name, 0, index) for index, name in enumerate(_FUNCTIONS)]
    exports += [("table", 1, 0), ("memory", 2, 0)]
    exports += [(name, 3, index) for index, name in enumerate(_GLOBALS)]
    return b"".join(
        (
            b"\0asm\1\0\0\0",
            _section(1, *(bytes([_FUNCTION, len(each), *each, 0]) for each in _FUNCTIONS.values())),
            _section(3, *(bytes([index]) for index in range(len(_FUNCTIONS)))),
            _section(4, bytes([_TABLE, 1, 10, 20])),
            _section(5, bytes([1, 1, 2])),
            _section(6, *(bytes([type_, 0]) + value + _END for type_, value in _GLOBALS.values())),
            _section(
                7, *(bytes([len(name)]) + name.encode() + bytes([kind, at]) for name, kind, at in exports)
            ),
            _section(10, *(b"\x02\x00" + _END for _ in _FUNCTIONS)),
        )
    )


SPECTEST = _module()
