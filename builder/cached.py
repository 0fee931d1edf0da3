"""A build for the command line: from the cache, or made and kept there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ..core.command import file_name, read_file
from ..core.errors import BuildError
from . import cache as caches
from .cache import Entry
from .host import Host
from .options import bundled, configured, origins

# What is given on the command line and changes nothing of what is built.
_OF_NO_ACCOUNT = {
    "output",
    "run_it",
    "report",
    "json_",
    "quiet",
    "no_cache",
    "arguments",
    "bundle",
    "plugins",
}


class EstimatedError(BuildError):
    """The linker failed. report: an estimate, as JSON."""

    def __init__(self, message: str, report: str) -> None:
        super().__init__(message)
        self.report = report


def made(
    program: Path | None, given: Mapping[str, object], name: str, progress: Callable[[str], None]
) -> Entry:
    """What the command line *given* asks for. name: of the report; progress: told the stages.

    Raises TblvmError: of the stage that cannot go on; EstimatedError where that is the linker.
    """
    content = None if program is None else read_file(program)
    cache = None if given["no_cache"] or given["keep"] else caches.standard()
    if cache is None:
        return _build(program, content, given, name, progress)[0]
    key = _key(program, content, given, name)
    found = cache.get(key)
    if found is not None and _is_whole(found):
        progress("cached")
        return found
    entry, files = _build(program, content, given, name, progress)
    if cache.put(key, entry, files):
        return entry
    note = f"nothing is kept for the next time: {cache.problem}; TBLVM_CACHE_DIR names another folder"
    return replace(entry, notes=(*entry.notes, note))


def _is_whole(entry: Entry) -> bool:
    from ..core.errors import UsageError
    from .report import from_json

    try:
        return from_json(entry.report, "report").sha256 == hashlib.sha256(entry.image).hexdigest()
    except UsageError:
        return False


def _key(program: Path | None, content: bytes | None, given: Mapping[str, object], name: str) -> str:
    what = {each: _plain(value) for each, value in given.items() if each not in _OF_NO_ACCOUNT}
    config, sources = configured(), origins()
    what["configured"] = dict(config.options)
    what["origins"] = {each: sources[each] for each in what if each in sources} | {"file": config.origin}
    what |= {"program": None if program is None else str(program), "name": name}
    bundle = dict(bundled(given["bundle"]))  # type: ignore[arg-type]
    what["bundle"] = [[each, str(path)] for each, path in bundle.items()]
    plugins = [Path(str(each)).resolve() for each in given["plugins"]]  # type: ignore[attr-defined]
    what["plugins"] = [str(each) for each in plugins]
    more = (*bundle.values(), *map(Path, given["profile"]))  # type: ignore[call-overload]
    return caches.key_of(what, [content or b"", *map(read_file, more)])


def _plain(value: object) -> object:
    return list(map(str, value)) if isinstance(value, (tuple, list)) else value


def _build(
    program: Path | None,
    content: bytes | None,
    given: Mapping[str, object],
    name: str,
    progress: Callable[[str], None],
) -> tuple[Entry, set[Path]]:
    from ..core.registry import load
    from .options import request
    from .pipeline import NotLinkedError, build, files_read, translate
    from .report import report_of, to_json

    registry = load(given["plugins"])  # type: ignore[arg-type]
    asked = request(registry, given)
    module, files = None, set[Path]()
    if program is not None and content is not None:
        module = translate(content, file_name(program), registry, asked.source)
        files = files_read(content, file_name(program), registry, asked.source)
    try:
        artifact = build(
            module,
            registry,
            asked,
            symbols=bool(given["symbols"]),
            keep=given["keep"],  # type: ignore[arg-type]
            progress=progress,
        )
    except NotLinkedError as error:
        raise EstimatedError(str(error), to_json(report_of(name, error.artifact))) from error
    # What a file says is for many programs: it need not have an effect on each.
    notes = tuple(
        f"option {each} has no effect: nothing here has it"
        for each in artifact.plan.unused
        if asked.origins.get(each) != configured().origin
    )
    host = Host.of(artifact.plan.target)
    entry = Entry(to_json(report_of(name, artifact)), notes, host, artifact.image)
    return entry, caches.files_of(registry, artifact.sources) | files
