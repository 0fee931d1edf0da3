"""Engines of other languages, which have versions of some programs."""

from __future__ import annotations

from pathlib import Path

from .engine import Command, Engine, plain
from .manifest import Program
from .process import found, run


def _script(name: str, group: str, about: str, tool: str, suffix: str, package: str, *words: str) -> Engine:
    def prepare(program: Program, folder: Path) -> Command | None:
        source = program.source(suffix)
        return plain(found(tool), *words, str(source)) if source else None

    return Engine(name, group, about, lambda: "" if found(tool) else package, prepare)


def _java(name: str, group: str, about: str, *words: str) -> Engine:
    def prepare(program: Program, folder: Path) -> Command | None:
        source = program.source("java")
        if source is None:
            return None
        made = folder / "classes" / f"{source.stem}.class"
        if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
            run([found("javac"), "-d", str(made.parent), str(source)])
        return plain(found("java"), *words, "-cp", str(made.parent), source.stem)

    package = "openjdk-17-jdk-headless (Debian)"
    return Engine(name, group, about, lambda: "" if found("java") and found("javac") else package, prepare)


def languages() -> list[Engine]:
    """JavaScript, Java and Lua, with compilers and without."""
    return [
        _script("node", "compiler", "Node, JavaScript", "node", "js", "nodejs (Debian)"),
        _java("java", "compiler", "Java, HotSpot"),
        _script("luajit", "compiler", "LuaJIT", "luajit", "lua", "luajit (Debian)"),
        _script("luajit-off", "interpreter", "LuaJIT, JIT off", "luajit", "lua", "luajit (Debian)", "-joff"),
        _script("lua", "interpreter", "Lua 5.4", "lua5.4", "lua", "lua5.4 (Debian)"),
        _java("java-int", "interpreter", "Java -Xint", "-Xint"),
    ]
