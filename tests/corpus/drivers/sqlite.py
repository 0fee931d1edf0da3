"""SQLite, as sql.js has it: emscripten's C library on a file system of ours, with short names."""

from __future__ import annotations

import sqlite3
import struct
import tempfile
from pathlib import Path
from typing import Any

from ..given import Given
from ..hosts import Host, fixed
from ..machines import Machine, Open

# What the package's JavaScript offers by each short name, and what the module exports by others.
_HOST = {
    "e": "fd_close",
    "t": "fd_read",
    "q": "fd_write",
    "E": "fd_seek",
    "K": "fd_sync",
    "m": "fd_fdstat_get",
}
_HOST |= {"x": "openat", "L": "newfstatat", "M": "stat64", "N": "stat64", "g": "fstat64", "J": "ftruncate64"}
_HOST |= {
    "D": "faccessat",
    "o": "unlinkat",
    "b": "fcntl64",
    "I": "getcwd",
    "s": "readlinkat",
    "A": "localtime",
}
_HOST |= {"B": "tzset", "c": "now", "d": "now", "a": "assert_fail", "w": "abort", "u": "proc_exit"}
_HOST |= {"G": "environ_get", "H": "environ_sizes_get"}
_FIXED: dict[str, Any] = {
    "f": None,
    "h": 0,
    "i": 0,
    "j": 0,
    "k": 0,
    "l": 0,
    "n": 0,
    "p": 1 << 30,
    "r": 0,
    "v": None,
}
_FIXED |= {"y": -52, "z": -52, "C": 0, "F": 0}
_EXPORTS = {
    "start": "P",
    "open": "Ha",
    "prepare": "T",
    "step": "U",
    "finalize": "X",
    "error": "$",
    "close": "Ea",
}
_EXPORTS |= {
    "columns": "ra",
    "name": "Y",
    "type": "_",
    "text": "Z",
    "blob": "ta",
    "bytes": "ua",
    "double": "va",
}
_EXPORTS |= {
    "malloc": "Ia",
    "free": "Ja",
    "bind_text": "za",
    "bind_double": "xa",
    "bind_int": "ya",
    "bind_blob": "wa",
}
_EXPORTS |= {"changes": "Da"}
_ROW, _DONE = 100, 101
_INTEGER, _FLOAT, _TEXT, _BLOB = 1, 2, 3, 4
_COPIED = -1  # SQLITE_TRANSIENT


class Failed(Exception):
    """SQLite's own message."""


class Database:
    """A database in a file of the host's."""

    def __init__(self, open_: Open, host: Host, name: str) -> None:
        self._host = host
        imports = {short: getattr(host, long) for short, long in _HOST.items()}
        imports |= {short: fixed(answer) for short, answer in _FIXED.items()}
        self.machine: Machine = open_({"a": imports})
        host.machine = self.machine
        self._call("start")
        path, answer = self._bytes(name.encode() + b"\0"), self._call("malloc", 4)
        assert self._call("open", path, answer) == 0
        self._db = self.machine.u32(answer)

    def _call(self, name: str, *arguments: Any) -> Any:
        return self.machine.call(_EXPORTS[name], *arguments)

    def _bytes(self, data: bytes) -> int:
        at: int = self._call("malloc", max(1, len(data)))
        self.machine.write(at, data)
        return at

    def _check(self, status: int) -> None:
        if status not in (0, _ROW, _DONE):
            raise Failed(self.machine.string(self._call("error", self._db)).decode())

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """The rows that a statement gives. Raises Failed."""
        text, answer = self._bytes(sql.encode() + b"\0"), self._call("malloc", 8)
        try:
            self._check(self._call("prepare", self._db, text, -1, answer, answer + 4))
            statement, rest = self.machine.u32(answer), self.machine.u32(answer + 4)
            assert not self.machine.string(rest).strip(), "one statement at a time"
            rows = []
            try:
                for number, value in enumerate(values, 1):
                    self._bind(statement, number, value)
                while (status := self._call("step", statement)) == _ROW:
                    rows.append(
                        tuple(
                            self._column(statement, each) for each in range(self._call("columns", statement))
                        )
                    )
                self._check(status)
            finally:
                self._call("finalize", statement)
            return rows
        finally:
            for at in (text, answer):
                self._call("free", at)

    def _bind(self, statement: int, number: int, value: object) -> None:
        if isinstance(value, int):
            status = self._call("bind_int", statement, number, value)
        elif isinstance(value, float):
            status = self._call("bind_double", statement, number, value)
        else:
            assert isinstance(value, (str, bytes))
            kind, data = ("bind_text", value.encode()) if isinstance(value, str) else ("bind_blob", value)
            at = self._bytes(data)
            status = self._call(kind, statement, number, at, len(data), _COPIED)
            self._call("free", at)
        self._check(status)

    def _column(self, statement: int, number: int) -> object:
        kind = self._call("type", statement, number)
        if kind == _INTEGER:  # as a double, sql.js too
            return int(self.machine.string(self._call("text", statement, number)))
        if kind == _FLOAT:
            return self._call("double", statement, number)
        if kind == _TEXT:
            return self.machine.string(self._call("text", statement, number)).decode()
        if kind == _BLOB:
            at, size = self._call("blob", statement, number), self._call("bytes", statement, number)
            return self.machine.read(at, size)
        return None

    def close(self) -> None:
        assert self._call("close", self._db) == 0


_SCHEMA = (
    "CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, born INTEGER)",
    "CREATE TABLE book (id INTEGER PRIMARY KEY, author REFERENCES author, title TEXT, price REAL, cover BLOB)",
    "CREATE INDEX by_price ON book (price DESC)",
    "CREATE VIEW cheap AS SELECT title, price FROM book WHERE price < 10",
    "CREATE TRIGGER longer AFTER INSERT ON book WHEN length(NEW.title) > 30 BEGIN"
    " UPDATE book SET title = substr(title, 1, 27) || '...' WHERE id = NEW.id; END",
)
_QUERIES = (
    "SELECT name, count(book.id), round(avg(price), 6), max(title) FROM author LEFT JOIN book ON author = author.id"
    " GROUP BY author.id ORDER BY 2 DESC, name",
    "SELECT title, price, row_number() OVER (ORDER BY price, title), sum(id) OVER (ORDER BY id ROWS 2 PRECEDING)"
    " FROM book ORDER BY title, id LIMIT 20",
    "WITH RECURSIVE fib(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM fib WHERE b < 1000000000000) SELECT a FROM fib",
    "SELECT upper(title), instr(title, 'a'), hex(cover), length(cover), typeof(price) FROM book WHERE title LIKE '%a%' ORDER BY id",
    "SELECT * FROM cheap ORDER BY price, title",
    "SELECT a.name, b.name FROM author a JOIN author b ON a.born < b.born AND a.name > b.name ORDER BY 1, 2",
    "SELECT group_concat(name, ';') FROM (SELECT name FROM author ORDER BY born, name)",
    "SELECT 1e300 * 10, -7 / 2, -7 % 3, 7.0 / 2, 1 / 0, 'ä' < 'z', 9223372036854775807 + 0, abs(-0.0), x'00ff'",
    "SELECT date('2024-02-29', '+1 year'), strftime('%Y-%j %w', '1999-12-31'), julianday('2000-01-01')",
    "SELECT printf('%08.3f|%-5s|%x|%e', 3.14159265, 'ab', 255, 12345.678), quote('it''s'), 0.1 + 0.2",
    "SELECT json_extract('{\"a\": [1, 2, {\"b\": \"x\"}]}', '$.a[2].b'), json_array_length('[1, 2, 3]')",
    "EXPLAIN QUERY PLAN SELECT * FROM book WHERE price > 5",
    "PRAGMA integrity_check",
)
_WRONG = (
    "SELEC 1",
    "SELECT no_such_column FROM book",
    "INSERT INTO author VALUES (1, 'again', 1)",
    "INSERT INTO author (name) VALUES (NULL)",
    "SELECT abs(-9223372036854775808)",
)


def _fill(given: Given) -> list[tuple[str, tuple[object, ...]]]:
    numbers = given.random()
    words = ["sea", "Ärger", "night", "a", "of", "the", "garden", "стол", "list", "wind"]
    found: list[tuple[str, tuple[object, ...]]] = []
    for number in range(1, 9):
        name = f"{numbers.choice(words)} {number}"
        found.append(("INSERT INTO author VALUES (?, ?, ?)", (number, name, numbers.randint(1800, 2000))))
    for number in range(1, 60 * given.scale):
        title = " ".join(numbers.choice(words) for _ in range(numbers.randint(1, 8)))
        row = (
            number,
            numbers.randint(1, 8),
            title,
            round(numbers.uniform(1, 40), 2),
            numbers.randbytes(numbers.randint(1, 9)),
        )
        found.append(("INSERT INTO book VALUES (?, ?, ?, ?, ?)", row))
    return found


def drive(open_: Open, given: Given) -> list[object]:
    """Tables made, filled, asked and changed; the file is then read by Python's SQLite."""
    host = Host(given.seed)
    database, native = Database(open_, host, "/db"), sqlite3.connect(":memory:", isolation_level=None)
    found: list[object] = [database.execute("SELECT sqlite_version()")]
    work = [*((each, ()) for each in (*_SCHEMA, "BEGIN")), *_fill(given), ("COMMIT", ())]
    for sql, values in work:
        assert database.execute(sql, values) == native.execute(sql, values).fetchall()
    plans = {each for each in _QUERIES if each.startswith("EXPLAIN")}
    for query in _QUERIES:
        rows = database.execute(query)
        # How a plan is worded depends on the version.
        assert query in plans or _same(rows, native.execute(query).fetchall()), query
        found.append(rows)
    for sql in (
        "BEGIN",
        "DELETE FROM book WHERE id % 2",
        "ROLLBACK",
        "UPDATE book SET price = price + 1 WHERE id < 9",
        "VACUUM",
    ):
        assert database.execute(sql) == native.execute(sql).fetchall()
    for wrong in _WRONG:
        try:
            database.execute(wrong)
        except Failed as error:
            found.append(str(error))
        else:
            raise AssertionError(wrong)
    database.close()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "db").write_bytes(host.files["/db"])
        read = sqlite3.connect(Path(folder) / "db")
        everything = "SELECT * FROM author LEFT JOIN book ON author = author.id ORDER BY 1, 4"
        assert read.execute(everything).fetchall() == native.execute(everything).fetchall()
        assert read.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        read.close()
    found.append([sorted(host.files), len(host.files["/db"]), struct.unpack(">I", host.files["/db"][28:32])])
    return found


def _same(one: list[tuple[object, ...]], other: list[Any]) -> bool:
    """Whether rows are the same to the digits that versions of SQLite agree on."""

    def plain(value: object) -> object:
        return f"{value:.12g}" if isinstance(value, float) else value

    return [[*map(plain, row)] for row in one] == [[*map(plain, row)] for row in other]
