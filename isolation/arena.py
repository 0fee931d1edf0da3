"""Memory of a guest, as its host sees it: addresses that the guest names are in its arena, or its end."""

from __future__ import annotations

from typing import Any

from ..core.printable import printable
from ..embed.library import ffi
from . import mail
from .channel import Channel

# Bytes that a text of a guest can have here, which is for people.
TEXT = 1 << 12
# Words that arguments and results are in.
SLOTS = 256


class Arena:
    """The arena of one guest, with its mail. channel: how its host reaches it; heap: bytes that a value
    of it can have."""

    def __init__(self, channel: Channel, heap: int) -> None:
        self.channel, self.heap = channel, heap
        self.mail = mail.mail_at(channel.base)
        self._slots = 0

    def lies(self, what: str) -> BaseException:
        """The error for a guest that breaks the protocol, which is its end."""
        raise NotImplementedError

    def pointer(self, address: int, size: int) -> Any:
        """Where the guest's *address* is here, with *size* bytes; any outside of the arena ends the guest."""
        offset = address - self.channel.address
        if not (0 <= offset <= self.channel.size and 0 <= size <= self.channel.size - offset):
            raise self.lies("an address outside of its memory")
        return ffi().cast("char *", self.channel.base) + offset

    def data(self, address: int, size: int) -> bytes:
        """A copy of memory of the guest."""
        return bytes(ffi().buffer(self.pointer(address, size), size))

    def value(self, address: int, size: int) -> Any:
        """As pointer, for a string or an array: none is larger than the heap."""
        if size > self.heap:
            raise self.lies("a value larger than its heap")
        return self.pointer(address, size)

    def text(self, word: int, most: int = TEXT) -> Any:
        """The text that two words of the mail tell, as a string of C; *most* bytes of it."""
        address, size = int(self.mail.words[word]), int(self.mail.words[word + 1])
        return ffi().new("char[]", self.data(address, min(size, most)).split(b"\0", 1)[0])

    def said(self, word: int) -> Any:
        """The same, for people: nothing in it controls a terminal."""
        text = ffi().string(self.text(word)).decode("utf-8", "replace")
        return ffi().new("char[]", printable(text))

    @property
    def slots(self) -> Any:
        """Arguments and results."""
        return ffi().cast("uint64_t *", self.pointer(self._slots, SLOTS * 8))
