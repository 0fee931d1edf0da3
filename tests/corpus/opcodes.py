"""Which instructions a WebAssembly module uses, read without tblvm's front-end: just enough of the binary format to walk
through the code of a valid module of version 1 with sign extension, saturating conversions, bulk memory and several
results."""

from __future__ import annotations

_CODE = 10
_PREFIX = 0xFC
_BLOCKS = (0x02, 0x03, 0x04)
_INDEXED = (0x0C, 0x0D, 0x10, *range(0x20, 0x25), 0x25, 0x26, 0xD2)
_MEMORY_SIZE = (0x3F, 0x40)
_LOADS = range(0x28, 0x3F)
_BRANCH_TABLE, _CALL_INDIRECT, _TYPED_SELECT, _NULL = 0x0E, 0x11, 0x1C, 0xD0
_CONSTANTS = {0x41: 0, 0x42: 0, 0x43: 4, 0x44: 8}
# Immediates behind the prefix: conversions have none, memory.init two, data.drop one, …
_MISCELLANEOUS = {
    **dict.fromkeys(range(8), 0),
    8: 2,
    9: 1,
    10: 2,
    11: 1,
    12: 2,
    13: 1,
    14: 2,
    15: 1,
    16: 1,
    17: 1,
}


class _Reader:
    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def leb(self) -> int:
        """An unsigned number; a signed one is as long."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def skip(self, count: int) -> None:
        for _ in range(count):
            self.leb()


def opcodes(content: bytes) -> set[int]:
    """The opcodes in its functions; behind the prefix 0xFC: 0x100 and what follows it."""
    reader, found = _Reader(content, 8), set()
    while reader.at < len(content):
        kind, size = reader.byte(), reader.leb()
        end = reader.at + size
        if kind == _CODE:
            for _ in range(reader.leb()):
                size = reader.leb()
                found |= _body(_Reader(content[reader.at : reader.at + size]))
                reader.at += size
        reader.at = end
    return found


def _body(reader: _Reader) -> set[int]:
    found = set()
    for _ in range(reader.leb()):  # runs of locals
        reader.leb()
        reader.byte()
    while reader.at < len(reader.data):
        code = reader.byte()
        if code == _PREFIX:
            number = reader.leb()
            reader.skip(_MISCELLANEOUS[number])
            code = 0x100 + number
        elif code in _BLOCKS or code in _INDEXED or code in _MEMORY_SIZE or code == _NULL:
            reader.leb()
        elif code in _LOADS or code == _CALL_INDIRECT:
            reader.skip(2)
        elif code in _CONSTANTS:
            reader.at += _CONSTANTS[code]
            reader.skip(not _CONSTANTS[code])
        elif code in (_BRANCH_TABLE, _TYPED_SELECT):
            reader.skip(reader.leb() + (code == _BRANCH_TABLE))
        found.add(code)
    return found
