"""llhttp, as undici has it: a parser of HTTP that calls its host back, eight functions."""

from __future__ import annotations

from http.client import HTTPResponse
from io import BytesIO
from typing import Any

from ..given import Given
from ..machines import Machine, Open

_REQUEST, _RESPONSE = 1, 2
_PAUSED = 21

_REQUESTS = b"""\
POST /search?q=1#part HTTP/1.1\r
Host: example.org\r
Content-Length: 11\r
Accept: */*\r
\r
hello worldGET /next HTTP/1.0\r
X-Folded: a\r
\r
"""
_RESPONSES = b"""\
HTTP/1.1 200 OK\r
Content-Type: text/plain\r
Transfer-Encoding: chunked\r
\r
5\r
hello\r
1;name=value\r
 \r
5\r
world\r
0\r
Trailer: yes\r
\r
HTTP/1.1 304 Not Modified\r
ETag: "x"\r
\r
HTTP/1.1 404 Not Found\r
Content-Length: 3\r
Connection: close\r
\r
no!"""


class Parser:
    """A parser with its events, texts joined where they came in pieces."""

    def __init__(self, open_: Open, kind: int) -> None:
        self.events: list[tuple[str, Any]] = []
        self.answers: dict[str, int] = {}
        texts = ("url", "status", "header_field", "header_value", "body")
        imports = {f"wasm_on_{name}": self._piece(name) for name in texts}
        imports["wasm_on_message_begin"] = lambda parser: self._tell("begin", ())
        imports["wasm_on_message_complete"] = lambda parser: self._tell("complete", ())
        imports["wasm_on_headers_complete"] = lambda parser, status, upgrade, keep: self._tell(
            "headers", (status, upgrade, keep)
        )
        self.machine: Machine = open_({"env": imports})
        self.machine.call("_initialize")
        self.parser = self.machine.call("llhttp_alloc", kind)

    def _tell(self, name: str, what: Any) -> int:
        self.events.append((name, what))
        return self.answers.get(name, 0)

    def _piece(self, name: str) -> Any:
        def take(parser: int, at: int, size: int) -> int:
            assert parser == self.parser
            data = self.machine.read(at, size)
            if self.events and self.events[-1][0] == name:
                data = self.events.pop()[1] + data
            return self._tell(name, data)

        return take

    def feed(self, data: bytes) -> int:
        """The parser's error number after *data*."""
        machine = self.machine
        at = machine.call("malloc", max(1, len(data)))
        machine.write(at, data)
        error: int = machine.call("llhttp_execute", self.parser, at, len(data))
        if error:
            reason = machine.string(machine.call("llhttp_get_error_reason", self.parser))
            self.events.append(
                ("error", (error, reason, machine.call("llhttp_get_error_pos", self.parser) - at))
            )
        machine.call("free", at)
        return error

    def state(self) -> list[object]:
        """What it says of the last message."""
        asked = ("type", "http_major", "http_minor", "method", "status_code", "upgrade", "errno")
        found: list[object] = [self.machine.call(f"llhttp_get_{name}", self.parser) for name in asked]
        name = self.machine.call("llhttp_method_name", self.machine.call("llhttp_get_method", self.parser))
        return [*found, self.machine.string(name), self.machine.call("llhttp_should_keep_alive", self.parser)]


def _parsed(open_: Open, kind: int, pieces: list[bytes]) -> list[object]:
    parser = Parser(open_, kind)
    for piece in pieces:
        if parser.feed(piece):
            break
    else:
        parser.events.append(("finish", parser.machine.call("llhttp_finish", parser.parser)))
    return [parser.events, parser.state()]


class _Socket:
    def __init__(self, data: bytes) -> None:
        self._file = BytesIO(data)

    def makefile(self, mode: str) -> BytesIO:
        return self._file


def _pieces(data: bytes, given: Given) -> list[list[bytes]]:
    """The same bytes at once, one by one, and cut anywhere."""
    numbers = given.random()
    cuts = sorted(numbers.sample(range(len(data)), 5))
    ends = zip([0, *cuts], [*cuts, len(data)], strict=True)
    return [[data], [bytes([each]) for each in data], [data[start:end] for start, end in ends]]


def drive(open_: Open, given: Given) -> list[object]:
    """Events of requests and responses, whole, in pieces, and damaged."""
    found: list[object] = []
    for kind, data in ((_REQUEST, _REQUESTS), (_RESPONSE, _RESPONSES)):
        parsed = [_parsed(open_, kind, pieces) for pieces in _pieces(data, given)]
        assert parsed[0] == parsed[1] == parsed[2]
        found += parsed[0]
    events = _parsed(open_, _RESPONSE, [_RESPONSES])[0]
    assert isinstance(events, list)
    # Python's own parser, on the first response.
    response = HTTPResponse(_Socket(_RESPONSES), method="GET")  # type: ignore[arg-type]
    response.begin()
    first = events[: events.index(("complete", ()))]
    fields = [what.decode() for name, what in first if name.startswith("header_")]
    assert list(zip(fields[::2], fields[1::2], strict=True))[:2] == response.getheaders()
    assert b"".join(what for name, what in first if name == "body") == response.read() == b"hello world"
    assert [what[0] for name, what in events if name == "headers"] == [200, 304, 404]
    # A host that stops the parser, and one that goes on.
    stopping = Parser(open_, _RESPONSE)
    stopping.answers["headers"] = _PAUSED
    assert stopping.feed(_RESPONSES) == _PAUSED
    found.append(stopping.events)
    numbers = given.random()
    for _ in range(20 * given.scale):
        kind, data = numbers.choice(((_REQUEST, _REQUESTS), (_RESPONSE, _RESPONSES)))
        at = numbers.randrange(len(data))
        found += _parsed(
            open_, kind, [data[:at] + numbers.choice((b"", b"\0", b"\r", b"x" * 9)) + data[at + 1 :]]
        )
    return found
