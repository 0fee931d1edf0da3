"""Services of the devices: their declarations and models. The C is in c/."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...opcodes import Trap, i32, service, string
from ...opcodes.meaning import machine
from ...opcodes.traps import TrapSignal
from ..io.services import Console, utf8
from .utf8 import units

BAD_SELECTOR = Trap("BAD_SELECTOR", "no information has this number")
NO_SCREEN = Trap("NO_SCREEN", "the program declares no screen")
CANNOT_WRITE = Trap("CANNOT_WRITE", "the file cannot be written")
LONG_LINE = Trap("LONG_LINE", "a line of input is too long")

_MAX = 0x7FFFFFFF


@dataclass(slots=True)
class Space:
    """What a run finds around it. processors; memory in KiB; cell_bits: of the runtime."""

    processors: int = 1
    memory: int = 0
    cell_bits: int = 64

    def inner(self) -> Space:
        return self


@service("tb_space_info", library="devices.space", traps=(BAD_SELECTOR,))
def space_info(what: i32) -> i32:
    running = machine()
    space = running.state(Space)
    heap = (running.limits.heap or 0) & ~7
    found = (
        space.processors,
        space.memory,
        running.limits.stack,
        running.stack_left,
        heap,
        heap - running.live_bytes,
        space.cell_bits,
    )
    if not 0 <= what.v < len(found):
        raise TrapSignal(BAD_SELECTOR)
    return i32(min(found[what.v], _MAX))


@dataclass(slots=True)
class Clock:
    """The clocks of a run, in nanoseconds; high: the upper half of the last reading."""

    steady: int = 0
    real: int = 0
    high: int = 0

    def inner(self) -> Clock:
        return Clock(self.steady, self.real)


@service("tb_time_get", library="devices.time", traps=(BAD_SELECTOR,))
def time_get(what: i32) -> i32:
    clock = machine().state(Clock)
    if what.v == 4:
        return i32(_signed(clock.high))
    if not 0 <= what.v < 4:
        raise TrapSignal(BAD_SELECTOR)
    reading = (clock.real if what.v & 1 else clock.steady) // (10**6, 10**9, 1000, 1000)[what.v]
    clock.high = reading >> 32 & 0xFFFFFFFF
    return i32(_signed(reading & 0xFFFFFFFF))


def _signed(number: int) -> int:
    return number - (number >> 31 << 32)


@service("tb_event_wait", library="devices.events", effects={"reads input", "may block"})
def event_wait(timeout: i32) -> i32:
    """All input of a run is there from the start: no time ever passes."""
    console = machine().state(Console)
    return i32(1 if console.at < len(console.input) else 2)


@dataclass(slots=True)
class Screen:
    """The screen of a run. pixels: three bytes each, row by row; written: how often it was asked for."""

    pixels: bytearray = field(default_factory=bytearray)
    written: int = 0


@service(
    "tb_screen_set",
    library="devices.screen",
    effects={"writes output"},
    traps=(Trap.BAD_INDEX, NO_SCREEN, CANNOT_WRITE),
)
def pixel_set(x: i32, y: i32, rgb: i32) -> None:
    width, height = machine().module.screen
    screen = machine().state(Screen)
    if not width:
        raise TrapSignal(NO_SCREEN)
    if (x.v, y.v) == (-1, -1):
        screen.written += 1
        return
    if not (0 <= x.v < width and 0 <= y.v < height):
        raise TrapSignal(Trap.BAD_INDEX)
    screen.pixels = screen.pixels or bytearray(3 * width * height)
    at = 3 * (y.v * width + x.v)
    screen.pixels[at : at + 3] = (rgb.v & 0xFFFFFF).to_bytes(3, "big")


@dataclass(slots=True)
class Prompt:
    """line: the bytes that a line may have, without its end."""

    line: int = 1024

    def inner(self) -> Prompt:
        return self


@service(
    "tb_prompt_read",
    library="devices.prompt",
    effects={"reads input", "writes output", "may block", "makes strings"},
    traps=(LONG_LINE, Trap.OUT_OF_MEMORY),
)
def prompt_read(prompt: string) -> string:
    console = machine().state(Console)
    if prompt.v:
        console.output += utf8(machine().string(prompt.v))
    if console.at == len(console.input):
        return string(0)
    line, end, _ = console.input[console.at :].partition(b"\n")
    most = machine().state(Prompt).line
    if len(line) > most:
        console.at += most + 1
        raise TrapSignal(LONG_LINE)
    console.at += len(line) + len(end)
    return string(machine().new_string(units(line[:-1] if end and line.endswith(b"\r") else line)))
