"""Paths: a program reaches what is below its directories, and nothing else.

Random trees of directories, files and symbolic links stand below a granted directory, others beside it. Three agree on
where a path leads: tblvm with the kernel's own resolution, tblvm's walk name by name, and a model in Python, which knows
the tree alone; a model of what is outside is not needed, because nothing may lead there. wasmtime is a fourth.
"""

from __future__ import annotations

import ctypes
import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

import tblvm
from tblvm.core.plugin import ROOM as CORE
from tblvm.core.registry import load
from tests.wasi.proxy import (
    ACCES,
    ALL,
    CREAT,
    DIRECTORY,
    EXCL,
    INVAL,
    LOOP,
    NOENT,
    NOTCAPABLE,
    PERM,
    READ,
    TRUNC,
    WRITE,
    Machine,
    Ours,
    Theirs,
    both,
)

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
NAMES = ("a", "b", "c", "d")
MOST_LINKS = 40
NOTDIR, EXDEV = 54, 18


@pytest.fixture(params=["none", "process"])
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Once in this process, once in a worker with these directories."""
    monkeypatch.setattr(Ours, "level", request.param)
    return str(request.param)


class Leads(Exception):
    """Where a path does not lead: an error number of WASI."""


@dataclass
class Node:
    """A file (its content), a directory (what is in it), a link (what it says)."""

    content: bytes | None = None
    inside: dict[str, Node] = field(default_factory=dict)
    says: str | None = None


def resolve(root: Node, path: str, follow: bool) -> Node:
    """What *path* leads to from *root*, by the rules of POSIX, but never above it. Raises Leads."""
    if not path:
        raise Leads(NOENT)
    way, rest, links = [root], path, 0
    if path.startswith("/"):
        raise Leads(PERM)
    while rest:
        name, slash, rest = rest.partition("/")
        if not name or name == ".":
            continue
        if name == "..":
            if len(way) == 1:
                raise Leads(PERM)
            way.pop()
            continue
        found = way[-1].inside.get(name)
        if found is None:
            raise Leads(NOENT)
        if found.says is not None and (slash or follow):
            links += 1
            if links > MOST_LINKS:
                raise Leads(LOOP)
            if found.says.startswith("/"):
                raise Leads(PERM)
            rest = found.says + slash + rest
            continue
        if not slash:
            return found
        if found.content is not None:
            raise Leads(NOTDIR)
        way.append(found)
    return way[-1]


def grow(chance: random.Random, depth: int = 0) -> Node:
    node = Node()
    for name in NAMES:
        kind = chance.choice(
            ("file", "link", "link", "none") if depth > 3 else ("file", "directory", "link", "none")
        )
        if kind == "file":
            node.inside[name] = Node(content=b"inside")
        elif kind == "directory":
            node.inside[name] = grow(chance, depth + 1)
        elif kind == "link":
            node.inside[name] = Node(says=some_path(chance, 4) or ".")
    return node


def some_path(chance: random.Random, most: int) -> str:
    words = chance.choices((*NAMES, "..", "..", ".", ""), k=chance.randint(1, most))
    return chance.choice(("", "", "", "", "", "/")) + "/".join(words)


def plant(node: Node, place: Path) -> None:
    for name, each in node.inside.items():
        if each.says is not None:
            (place / name).symlink_to(each.says)
        elif each.content is not None:
            (place / name).write_bytes(each.content)
        else:
            (place / name).mkdir()
            plant(each, place / name)


def shown(node: Node) -> tuple[int, int]:
    """Type and size as a program sees them; of a directory not its size."""
    if node.says is not None:
        return 7, len(node.says.encode())
    return (4, len(node.content)) if node.content is not None else (3, -1)


def trees(count: int, tmp_path: Path) -> Iterator[tuple[random.Random, Node, Path]]:
    for number in range(count):
        chance = random.Random(f"{SEED}/{number}")
        root = tmp_path / f"{number}"
        outside = root / "outside"
        for place in (root, outside, root / "in"):
            place.mkdir()
        # The same names are there outside too, with other contents.
        for name in NAMES:
            (root / name).write_bytes(b"OUTSIDE")
            (outside / name).write_bytes(b"OUTSIDE")
        tree = grow(chance)
        plant(tree, root / "in")
        yield chance, tree, root / "in"


def expected(tree: Node, path: str, follow: bool) -> tuple[int, int, int]:
    try:
        return 0, *shown(resolve(tree, path, follow))
    except Leads as error:
        return int(error.args[0]), -1, -1


def seen(machine: Machine, path: str, follow: bool) -> tuple[int, int, int]:
    error, kind, size = machine.stat(path, follow=int(follow))
    return error, kind, -1 if kind == 3 else size


def test_paths_lead_where_the_model_says(tmp_path: Path) -> None:
    ends = set()
    for number, (chance, tree, place) in enumerate(trees(25 * SCALE, tmp_path)):
        ours, theirs = Machine(Ours({"/": place})), Machine(Theirs({"/": place}))
        for _ in range(60):
            path, follow = some_path(chance, 6), chance.random() < 0.5
            wanted = expected(tree, path, follow)
            ends.add(wanted[0])
            what = f"seed {SEED}, tree {number}: {path!r}, follow {follow}"
            assert seen(ours, path, follow) == wanted, what
            if wanted[0] in (0, NOENT):
                assert seen(theirs, path, follow) == wanted, what
            error, fd = ours.open(path, follow=int(follow), base=READ)
            assert error == (wanted[0] or (LOOP if wanted[1] == 7 else 0)), what
            if not error and wanted[1] == 4:
                assert ours.get(fd, 100) == (0, b"inside"), what
            if not error:
                assert ours.on.call("fd_close", fd) == 0
    assert ends >= {0, NOENT, PERM, NOTDIR, LOOP}, ends


# --- the walk, name by name --------------------------------------------------------------------------------


@cache
def walk() -> ctypes.CDLL:
    """The platform's files alone, compiled by gcc, without a runtime around them."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="tblvm-walk-"))
    (folder / "tb_plan.h").write_text(
        "typedef u64 cell;\nstruct tb_context;\nstruct tb_store { int none; };\n"
        "extern struct tb_store tb_the_store;\n"
        "static inline TB_UNUSED struct tb_store *tb_store_of(struct tb_context *cx)"
        " { (void)cx; return &tb_the_store; }\n"
        "static inline TB_UNUSED u8 *tb_cage(struct tb_context *cx) { (void)cx; return 0; }\n"
    )
    include = [f"-I{path}" for path in (folder, CORE / "c", CORE / "c/platform", CORE / "c/platform/x86_64")]
    flags = [
        "-std=gnu11",
        "-O1",
        "-g",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-shared",
        "-fPIC",
        "-fsanitize=undefined",
    ]
    flags += ["-fsanitize-undefined-trap-on-error", "-Wno-attributes"]
    source = CORE / "c/platform/linux_files.c"
    subprocess.run(["gcc", *flags, *include, str(source), "-o", str(folder / "walk.so")], check=True)
    return ctypes.CDLL(str(folder / "walk.so"))


PATH, NO_FOLLOW = 2048, 64


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="compiled for x86-64")
def test_the_walk_leads_where_the_kernel_leads(tmp_path: Path) -> None:
    library = walk()
    ends = set()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number, (chance, _, place) in enumerate(trees(40 * SCALE, tmp_path)):
        root = os.open(place, os.O_RDONLY)
        for _ in range(120):
            path = some_path(chance, 6)
            flags = chance.choice((PATH, PATH | NO_FOLLOW, 1, 1 | NO_FOLLOW, PATH | 32, 1 | 32 | NO_FOLLOW))
            got = []
            for function in (library.tb_files_open, library.tb_files_walk):
                fd = function(root, path.encode(), flags)
                if fd < 0:
                    got.append((fd, None))
                    continue
                status = os.fstat(fd)
                got.append((0, (status.st_dev, status.st_ino)))
                os.close(fd)
            assert got[0] == got[1], f"seed {SEED}, tree {number}: {path!r}, flags {flags}"
            ends.add(got[0][0])
        os.close(root)
    assert ends >= {0, -2, -20, -40, -EXDEV}, ends
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="compiled for x86-64")
def test_the_walk_has_bounds(tmp_path: Path) -> None:
    library = walk()
    root = os.open(tmp_path, os.O_RDONLY)
    (tmp_path / "a").mkdir()
    (tmp_path / "l").symlink_to("./" * 1500 + "l2")
    (tmp_path / "l2").symlink_to("./" * 1500 + "a")
    deep = "a/" * 300
    place = root
    for _ in range(300):
        os.mkdir("b", dir_fd=place)
        inner = os.open("b", os.O_RDONLY, dir_fd=place)
        if place != root:
            os.close(place)
        place = inner
    os.close(place)
    for path, wanted in {
        "b/" * 300: -36,
        "b/../" * 200 + "a": 0,
        "x" * 300: -36,
        "l": 0,
        "l/" + "y" * 2000: -36,
        "a/" + "../" * 2: -EXDEV,
        deep: -2,
    }.items():
        found = library.tb_files_walk(root, path.encode(), PATH)
        if found >= 0:
            os.close(found)
        assert min(found, 0) == wanted, path[:20]
    os.close(root)


# --- what changes things -----------------------------------------------------------------------------------


def tree_of(place: Path) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if path.is_symlink():
            found.append((name, str(path.readlink())))
        else:
            found.append((name, path.read_bytes() if path.is_file() else None))
    return found


@pytest.mark.usefixtures("level")
def test_operations_do_what_wasmtime_s_do(tmp_path: Path) -> None:
    """The same sequence in both: the same answers, the same files afterwards, and nothing outside."""
    agreed = 0
    for number in range(8 * SCALE):
        chance = random.Random(f"{SEED}/operations/{number}")
        root = tmp_path / f"{number}"
        root.mkdir()
        tree = grow(chance)
        ours, theirs = both(root)
        for name in ("ours", "theirs"):
            plant(tree, root / name)
        outside = tree_of(root)
        for _ in range(60):
            path, other = (some_path(chance, 3).strip("/") or "a" for _ in range(2))
            what = chance.choice(
                ("mkdir", "rmdir", "unlink", "rename", "link", "symlink", "read", "write", "list")
            )

            def act(machine: Machine, what: str = what, path: str = path, other: str = other) -> object:
                if what in ("mkdir", "rmdir", "unlink"):
                    name = {"mkdir": "create_directory", "rmdir": "remove_directory", "unlink": "unlink_file"}
                    return machine.at(f"path_{name[what]}", path)
                if what in ("rename", "link", "symlink"):
                    return machine.two(f"path_{what}", path, other)
                if what == "read":
                    return machine.link(path)
                if what == "list":
                    error, fd = machine.open(
                        path, oflags=DIRECTORY, base=ALL & ~(WRITE | 1 << 8 | 1 << 22), follow=1
                    )
                    done = error, None if error else machine.entries(fd)
                else:
                    error, fd = machine.open(path, oflags=CREAT | TRUNC, base=WRITE, follow=1)
                    done = error, None if error else machine.put(fd, path.encode())
                if not error:
                    machine.on.call("fd_close", fd)
                return done

            left, right = act(ours), act(theirs)
            told = f"seed {SEED}, {number}: {what} {path!r} {other!r}: {left}, wasmtime {right}"
            # Of what cannot be the words may differ; not whether it can.
            assert (left in (0, (0, b"")) or left == right) or not _done(left), told
            assert _done(left) == _done(right), told
            agreed += left == right
            assert tree_of(root / "ours") == tree_of(root / "theirs"), told
        assert [each for each in tree_of(root) if "/" not in each[0]] == [
            each for each in outside if "/" not in each[0]
        ]
    assert agreed > 400 * SCALE


def _done(answer: object) -> bool:
    return answer == 0 or (isinstance(answer, tuple) and answer[0] == 0)


@pytest.mark.usefixtures("level")
def test_a_directory_for_reading_stays_as_it_is(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    plant(grow(chance), tmp_path)
    (tmp_path / "e").write_bytes(b"e")
    before = tree_of(tmp_path)
    machine = Machine(Ours({"/": tblvm.ReadOnly(str(tmp_path))}))
    for name in ("path_create_directory", "path_remove_directory", "path_unlink_file"):
        assert machine.at(name, "e") == NOTCAPABLE
    for name in ("path_rename", "path_link", "path_symlink"):
        assert machine.two(name, "e", "f") == NOTCAPABLE
    assert machine.open("e", base=WRITE)[0] == NOTCAPABLE
    assert machine.open("e", oflags=TRUNC)[0] == NOTCAPABLE
    assert machine.open("f", oflags=CREAT)[0] == NOTCAPABLE
    assert machine.open("f", oflags=CREAT | EXCL, base=0)[0] == NOTCAPABLE
    assert machine.on.call("path_filestat_set_times", 3, 0, *machine.path("e"), 0, 0, 5) == NOTCAPABLE
    error, fd = machine.open("e", base=READ | 1 << 23)
    assert error == 0 and machine.put(fd, b"x")[0] == NOTCAPABLE
    assert machine.on.call("fd_filestat_set_times", fd, 0, 0, 5) == NOTCAPABLE
    assert machine.on.call("fd_filestat_set_size", fd, 0) == NOTCAPABLE
    assert machine.on.call("fd_allocate", fd, 0, 10) == NOTCAPABLE
    assert tree_of(tmp_path) == before


@pytest.mark.usefixtures("level")
def test_a_file_for_reading_gets_no_name_where_it_could_be_written(tmp_path: Path) -> None:
    (tmp_path / "ro").mkdir()
    (tmp_path / "rw").mkdir()
    (tmp_path / "ro" / "a").write_bytes(b"a")
    machine = Machine(Ours({"ro": tblvm.ReadOnly(str(tmp_path / "ro")), "rw": tmp_path / "rw"}))
    for name in ("path_link", "path_rename"):
        assert machine.two(name, "a", "a", fd=3, to_fd=4) == NOTCAPABLE
    assert machine.open("../ro/a", fd=4)[0] == PERM


def test_magic_links_devices_and_pipes(tmp_path: Path, level: str) -> None:
    # A worker may not even look at what another process has open.
    closed = (PERM, LOOP, ACCES) if level == "process" else (PERM, LOOP)
    os.mkfifo(tmp_path / "pipe")
    machine = Machine(Ours({"/": tmp_path, "proc": "/proc/self", "dev": "/dev"}))
    assert machine.open("pipe")[0] == 2 and machine.open("pipe", base=WRITE)[0] == 2
    assert machine.open("pipe", oflags=CREAT | EXCL, base=WRITE)[0] == 20
    assert machine.open("null", fd=5)[0] == 2 and machine.open("zero", fd=5, follow=1)[0] == 2
    for link in ("root/etc/passwd", "cwd/x", "fd/0", "exe"):
        assert machine.open(link, fd=4, follow=1)[0] in closed, link
    assert machine.stat("exe", fd=4, follow=1)[0] in closed
    # A file by its type, and the memory of whoever runs this.
    assert machine.stat("mem", fd=4) == (0, 4, 0)
    assert machine.open("mem", fd=4, base=READ)[0] == 2 and machine.open("mem", fd=4, base=WRITE)[0] == 2
    assert machine.open("task", fd=4, oflags=DIRECTORY)[0] == 0


@pytest.mark.usefixtures("level")
def test_many_descriptors_come_to_an_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    before = len(list(Path("/proc/self/fd").iterdir()))
    machine = Machine(Ours({"/": tmp_path}))
    opened = []
    while not (found := machine.open("a"))[0]:
        opened.append(found[1])
    assert found[0] == 33 and len(opened) == 60  # EMFILE
    assert machine.on.call("fd_close", opened[7]) == 0 and machine.open("a") == (0, opened[7])
    assert machine.on.call("fd_renumber", opened[0], 1) == 0
    assert machine.get(1, 1) == (0, b"a") and machine.on.call("fd_close", opened[0]) == 8
    machine.on.vm.close()  # type: ignore[union-attr]
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2


@pytest.mark.usefixtures("level")
def test_rights_become_fewer(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    machine = Machine(Ours({"/": tmp_path}))
    call = machine.on.call
    error, sub = machine.open("d", oflags=DIRECTORY, base=ALL & ~WRITE, inheriting=READ | 1 << 2)
    assert error == INVAL or error in (0, 31)
    error, sub = machine.open("d", oflags=DIRECTORY, base=1 << 13 | 1 << 10, inheriting=READ | WRITE)
    assert error == 0
    error, fd = machine.open("x", fd=sub, oflags=CREAT, base=READ | WRITE | 1 << 2)
    assert error == 0 and machine.put(fd, b"abc") == (0, 3)
    assert call("fd_seek", fd, 0, 0, 0x100) == NOTCAPABLE
    assert call("fd_fdstat_set_rights", fd, READ, 0) == 0
    assert machine.put(fd, b"abc")[0] == NOTCAPABLE
    assert call("fd_fdstat_set_rights", fd, READ | WRITE, 0) == NOTCAPABLE
    assert machine.at("path_unlink_file", "x", sub) == NOTCAPABLE
    assert call("fd_fdstat_set_rights", 3, 1 << 13, READ) == 0
    assert machine.open("d/x", base=WRITE)[0] == NOTCAPABLE and machine.open("d/x")[0] == 0
    assert machine.stat("d")[0] == NOTCAPABLE


def test_every_place_in_memory_is_looked_at(tmp_path: Path) -> None:
    """Pointers and lengths at and over the end of memory, for every function."""
    machine = Machine(Ours({"/": tmp_path}, stdin=b""))
    machine.open("a", oflags=CREAT, base=ALL)
    chance = random.Random(SEED)
    edges = (0, 1, 0x1FFFC, 0x1FFFF, 0x20000, 0x20001, 0x7FFFFFFF, -1, -4, -(1 << 31), 65536)
    wide = (0, 1, -1, 1 << 62, -(1 << 63), (1 << 63) - 1)
    errors = set()
    for _, native in load().imports.values():
        if native.module != "wasi_snapshot_preview1" or native.name in ("proc_exit", "poll_oneoff"):
            continue
        for _ in range(60 * SCALE):
            given = [
                chance.choice(wide) if kind == "i64" else chance.choice((*edges, *range(6)))
                for kind in native.parameters
            ]
            if chance.random() < 0.7 and given:
                given[0] = chance.choice((1, 3, 4))
            errors.add(machine.on.call(native.name, *given))
    assert {0, 8, 21, 28, NOTCAPABLE} <= errors
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
