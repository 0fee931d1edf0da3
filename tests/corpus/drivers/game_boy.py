"""WasmBoy's core: a Game Boy that runs a cartridge made here, and what stands on its screen."""

from __future__ import annotations

import random

from ..given import Given
from ..machines import Machine, Open

# Where its memory has what it exports as constants: the console's own from 0x8000 on, the screen, the cartridge.
_INTERNAL, _SCREEN, _CARTRIDGE = 2048, 91264, 1332864
_WIDTH, _HEIGHT = 160, 144
_TILES, _MAP, _RESULT = 0x8000, 0x9800, 0xC000
_COPY = "2A 12 13 0B 78 B1 20 F8"  # BC bytes from HL to DE
_CODE = f"""
    F3 31 FE FF                         ; interrupts off; the stack
    F0 44 FE 90 20 FA                   ; wait for line 144
    AF E0 40                            ; screen off
    21 00 10 11 00 80 01 00 02 {_COPY}  ; 32 tiles
    21 00 20 11 00 98 01 00 04 {_COPY}  ; the background of 32 by 32 tiles
    3E E4 E0 47                         ; four shades
    AF E0 42 E0 43                      ; not scrolled
    3E 91 E0 40                         ; screen on
    21 00 C0 06 00 0E 01 16 20          ; HL, B, C, D = C000, 0, 1, 32
    70 23 78 81 41 4F 15 20 F7          ; Fibonacci's numbers
    18 FE                               ; for ever
"""


def _code() -> bytes:
    return bytes.fromhex("".join(line.partition(";")[0] for line in _CODE.splitlines()))


def _cartridge(tiles: bytes, background: bytes) -> bytes:
    rom = bytearray(0x8000)
    for place, data in ((0x100, b"\0\xc3\x50\x01"), (0x150, _code()), (0x1000, tiles), (0x2000, background)):
        rom[place : place + len(data)] = data
    return bytes(rom)


def _shades(tiles: bytes, background: bytes) -> list[int]:
    """What the screen shows, row by row: a tile is eight rows of two bytes, the low bits and the high bits."""
    found = []
    for y in range(_HEIGHT):
        for x in range(_WIDTH):
            tile = background[y // 8 * 32 + x // 8] * 16 + y % 8 * 2
            found.append(sum((tiles[tile + high] >> 7 - x % 8 & 1) << high for high in (0, 1)))
    return found


def _started(open_: Open, numbers: random.Random) -> tuple[Machine, bytes, bytes]:
    tiles, background = numbers.randbytes(512), bytes(numbers.randrange(32) for _ in range(1024))

    def gave_up(*_: int) -> None:
        raise AssertionError("the program gave up")

    machine = open_({"env": {"abort": gave_up}})
    machine.write(_CARTRIDGE, _cartridge(tiles, background))
    # Neither a boot ROM nor color; everything else one step at a time.
    machine.call("config", *([0] * 10))
    return machine, tiles, background


def drive(open_: Open, given: Given) -> list[object]:
    """Registers and the screen after some frames."""
    machine, tiles, background = _started(open_, given.random())
    found: list[object] = []
    for _ in range(2 + given.scale):
        assert machine.call("executeFrame") >= 0
        found.append([machine.call(f"getRegister{name}") & 0xFFFF for name in "ABCDEHLF"])
    screen = machine.read(_SCREEN, _WIDTH * _HEIGHT * 3)
    colors = [screen[at : at + 3] for at in range(0, len(screen), 3)]
    pairs = set(zip(_shades(tiles, background), colors, strict=True))
    assert len(pairs) == 4 and len({color for _, color in pairs}) == 4, pairs
    fibonacci = [0, 1]
    while len(fibonacci) < 32:
        fibonacci.append(fibonacci[-1] + fibonacci[-2] & 0xFF)
    assert machine.read(_INTERNAL + _RESULT - _TILES, 32) == bytes(fibonacci)
    return [*found, machine.call("getCycles"), screen.hex()]
