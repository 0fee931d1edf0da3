"""Opcodes 50–54: the machine around the program."""

from __future__ import annotations

from ...opcodes import CORE, OpcodeSet, i32, string
from . import services

space = OpcodeSet(CORE, library="devices.space")
time = OpcodeSet(CORE, library="devices.time")
events = OpcodeSet(CORE, library="devices.events")
screen = OpcodeSet(CORE, library="devices.screen")
prompt = OpcodeSet(CORE, library="devices.prompt")


@space(0x50, "SPACE_INFO")
def space_info(what: i32) -> i32:
    """What there is of something, by number; what is more than an i32 holds is the largest i32.

    0 processors that the process may use; 1 memory of the machine in KiB, 0 where it is not known;
    2 the stack limit in cells, 3 the cells that are left of it; 4 bytes of the heap, 5 those of them that no
    object takes, as far as the allocator keeps count, both 0 without a heap; 6 bits of a cell.
    Traps BAD_SELECTOR for other numbers.
    """
    return services.space_info(what)


@time(0x51, "TIME_GET")
def time_get(what: i32) -> i32:
    """Reads a clock, as the low 32 bits of a count: they wrap, and 4 gives the high ones of the last reading.

    0 milliseconds and 2 microseconds of a clock that never goes back and starts anywhere; 1 seconds and
    3 microseconds since 1970 began in UTC; 4 the upper 32 bits of what the last of these read, 0 before any.
    Traps BAD_SELECTOR for other numbers.
    """
    return services.time_get(what)


@events(0x52, "EVENT_WAIT")
def event_wait(timeout: i32) -> i32:
    """Waits until standard input can be read or so many milliseconds have passed; negative: for ever.

    0 when the time has passed, 1 when there is input, 2 at the end of input. Input that was read ahead
    counts as there.
    """
    return services.event_wait(timeout)


@screen(0x53, "PIXEL_SET")
def pixel_set(x: i32, y: i32, rgb: i32) -> None:
    """Sets the pixel in column x and row y to the color 0xRRGGBB; (-1, -1) writes the screen's file instead.

    The file is also written when the program ends, whatever ends it. Traps NO_SCREEN in a program that
    declares none, BAD_INDEX outside of it, CANNOT_WRITE when the file cannot be written.
    """
    services.pixel_set(x, y, rgb)


@prompt(0x54, "PROMPT_READ")
def prompt_read(prompt: string) -> string:
    """Prints the prompt (nothing for null) and reads a line of standard input; null at its end.

    The line is UTF-8 and comes without its end, \\n or \\r\\n; what is malformed becomes U+FFFD, as in Java.
    Traps LONG_LINE beyond the bytes that a line may have, and OUT_OF_MEMORY.
    """
    return services.prompt_read(prompt)
