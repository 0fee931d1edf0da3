"""Stores: what instances have in common, and how programs become instances."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from ..builder.runtimes import loading_engine, usual_engine, words
from ..core.errors import UsageError
from ..core.printable import printable
from ..core.quantities import quantity
from ..opcodes.isa import STANDARD_PREFIXES
from .console import Console
from .errors import InstanceBusy, IsolationError, LinkError, LoadError, TooLarge
from .instance import Instance
from .library import BUSY, EXCLUDED, TOO_LARGE, UNLINKED, address, ffi, library, registry
from .part import HostFunction, Part
from .values import NUMBERS, parse, read_signature, spelled

if TYPE_CHECKING:
    from ..builder.translated import Translated
    from ..core.module import Module
    from ..core.registry import Registry
    from .handles import Function, Global, Table
    from .memory import Memory

Imports = Mapping[str, Mapping[str, Callable[..., Any] | HostFunction]]
# What the host says of each limit: the options that it sets.
LIMITS: Mapping[str, tuple[str, ...]] = {"memory": ("heap", "linear"), "stack": ("stack",), "fuel": ("fuel",)}
# What a program may use beyond what it is given: grant -> the micro-libraries without which it cannot.
GRANTS: Mapping[str, tuple[str, ...]] = {
    "clock": ("devices.time",),
    "screen": ("devices.screen",),
    "random": (),
}
# Grants that are limits too: programs that ask for them run without, and are told so.
_GRANTED = {"clock": "wasi.clock", "random": "wasi.random"}


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """A directory in which programs change nothing. path: where it is."""

    path: str | os.PathLike[str]


Directories = Mapping[str, "str | os.PathLike[str] | ReadOnly"]


# What the runtime for all programs is built with.
_GENERAL = ("collector",)


class Store:
    """What instances have in common: a runtime, limits, host functions.

    features, plugins: as `tbbuild` takes them, for what the general runtime does not have. memory: bytes that
    the heap can have, and as many that the linear memories can; stack: cells; fuel: instructions of each
    instance; timeout: seconds of each call: behind walls host functions are left behind then, at "none" they
    are waited for; output: bytes that each instance can write to standard output and standard error in all.
    Each is a number or its text: "16M", "1e9", "500ms". trust: plug-ins whose native
    code may do at "mpk" what the engine may (docs/isolation.md). engine: how bytecode is executed, "switch"
    or "threaded" (docs/engines.md); without it what TBLVM_ENGINE says, else "switch". The store's `engine`
    says which one it is.

    grants: what programs may use besides: "clock", "random", "screen" (a PNG file in the current folder).
    imports: module name -> name -> function (or HostFunction). stdin: what programs read in `call`: bytes,
    text or a file; stdout: a file for what they write there; without them the process's own. stderr: a file
    for what they write to standard error. args: words that programs find as their arguments; env: variables
    of their environment; dirs: directories of this machine by the names that programs know them by, with all
    that is below; ReadOnly(path) for one in which they change nothing.

    isolation: "none", where programs run in this process; "process", where each instance is in a worker
    process behind walls; "mpk", where the processor's protection keys keep it apart; "auto" is "mpk" where
    this machine has keys, else "process", which programs with directories get anywhere. The store's
    `isolation` says which one was taken.

    Raises UsageError for what cannot be: an unknown grant, feature or plug-in, an engine that does not load
    programs, a limit out of range;
    IsolationError for a level that this machine has not, or for what there is not behind walls.
    """

    def __init__(
        self,
        *,
        features: Iterable[str] = (),
        plugins: Iterable[str | Path] = (),
        trust: Iterable[str] = (),
        memory: int | str | None = None,
        stack: int | str | None = None,
        fuel: float | str | None = None,
        timeout: float | str | None = None,
        output: int | str | None = None,
        grants: Iterable[str] = (),
        imports: Imports | None = None,
        stdin: bytes | str | IO[bytes] | IO[str] | None = None,
        stdout: IO[bytes] | IO[str] | None = None,
        stderr: IO[bytes] | IO[str] | None = None,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        dirs: Directories | None = None,
        isolation: str = "none",
        engine: str | None = None,
    ) -> None:
        # Files are for processes: a filter of system calls holds for all of one.
        self.isolation, self._kind, self._open = _isolated(
            "process" if isolation == "auto" and dirs else isolation
        )
        self.timeout = _seconds(timeout)
        self._plugins = tuple(map(str, _listed("plugins", plugins)))
        if self._plugins:
            self._known()  # says what is wrong with them
        self.engine = usual_engine() if engine is None else loading_engine(self._known(), engine).name
        self._features = _listed("features", features)
        self._trusted = _listed("trust", trust)
        self._withheld = _withheld(_listed("grants", grants))
        self._denied = tuple(library for grant in self._withheld for library in GRANTS[grant])
        self._limits: dict[str, int | None] = {}
        for name, value in (("memory", memory), ("stack", stack), ("fuel", fuel)):
            for option in LIMITS[name]:
                self._limits[option] = self._limit(name, option, value)
        self._output = None if output is None else quantity("output", output, "size")
        self._limits |= {option: int(grant not in self._withheld) for grant, option in _GRANTED.items()}
        self._imports = _functions(imports or {})
        Console(stdin, stdout)  # says what they cannot be
        Console(None, stderr)
        self._streams = (stdin, stdout)
        self._errors = stderr
        self.args = words_of("args", args)
        self._env = _variables(env or {})
        self._dirs = _directories(dirs or {})
        if self.isolation != "none":
            self._check_walls(grants)
        self._lock = threading.RLock()
        self._parts: dict[Any, Part] = {}
        self._kept: list[Any] = []

    def _check_walls(self, grants: Iterable[str]) -> None:
        """Raises IsolationError for what programs cannot be given behind walls."""
        if self._dirs and self.isolation != "process":
            raise IsolationError(
                f"directories cannot be given to programs at isolation {self.isolation}: take process, or "
                "pass data by functions"
            )
        if "screen" in grants:
            raise IsolationError(
                "a screen is a file, which programs behind walls cannot write: take --isolation none, where "
                "you trust the program"
            )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a store cannot be copied or pickled: make it where its programs are to run")

    def _known(self) -> Registry:
        """What plug-ins contribute. They are loaded only for what cannot be told without them."""
        return registry(self._plugins)

    def _limit(self, name: str, option: str, value: float | str | None) -> int | None:
        if value is None:
            return None
        known = self._known().options[option][1]
        number = quantity(name, value, known.kind)
        if known.minimum <= number <= known.maximum:
            return number
        raise UsageError(f"{name} is from {known.minimum} to {known.maximum}, not {number}")

    def load(
        self,
        program: str | Path | bytes | Module,
        *,
        imports: Imports | None = None,
        timeout: float | str | None = None,
        name: str = "",
    ) -> Instance:
        """An instance of *program*: a file (.tba, .tbc, .wasm, .c), a file's content, or a module.

        imports: what it can import besides what the store offers, and before that; exports of other instances
        of the store are shared with them. timeout: seconds of each call, in place of the store's. name: what
        messages, and the program itself, call it, in place of its file's.

        Raises LoadError where the module cannot be loaded, LinkError where an import is missing or something
        else, SourceError for a source that does not translate, UsageError for what is no program; Trap,
        DeadlineExceeded and Halted of its start function; InstanceBusy where another thread uses what it is
        to share.
        """
        offered = dict(self._imports)
        for space, names in _functions(imports or {}).items():
            offered[space] = {**offered.get(space, {}), **names}
        file, module, content = _program(program, self._known, self._plugins)
        name = name or file
        if content is None:
            from ..core.tbc import write
            from ..stack import verify

            content = write(verify(module, self._known().isa).module)
        plain = all(each.prefix == -1 or each.prefix in STANDARD_PREFIXES for each in module.pages)
        if not plain:
            self._check_pages(name, module)
        seconds = self.timeout if timeout is None else _seconds(timeout)
        part = self._part(_GENERAL if plain else self._own_runtime(name, module, content)["features"])
        made = self._make(part, module, content, offered)
        if isinstance(made, LoadError) and not isinstance(made, LinkError):
            self._check_pages(name, module)
        if isinstance(made, LoadError) and made.status == EXCLUDED:
            # What the general runtime has not, one for this program may have: another allocator, what
            # micro-libraries offer to programs, but nothing of the host.
            said = self._own_runtime(name, module, content)
            helps = said["natives"] or not isinstance(made, LinkError)
            other = self._part(said["features"]) if helps else part
            made = self._make(other, module, content, offered) if other is not part else made
            part = other
        if isinstance(made, LoadError):
            # What was left out may be what is missing.
            missing = [each for each in self._withheld if GRANTS[each]] if made.status == EXCLUDED else []
            hint = f" (not granted: {', '.join(missing)})" if missing else ""
            raise type(made)(f"{name}: {made}{hint}", made.status) from None
        instance = Instance(self, part, made, name, seconds, module)
        if seconds is not None and self.isolation != "none":
            part.lib.limit_time(made)
        part.knows(instance, made)
        if self._streams != (None, None):
            part.consoles[address(made)] = Console(*self._streams)
        if self._errors is not None:
            part.errors[address(made)] = Console(None, self._errors)
        try:
            instance._arguments(self.args)
            instance._begin()
        except BaseException:
            # Whoever has the exception has its traceback, and would keep the instance with it.
            instance.close()
            raise
        return instance

    def memory(self, least: int, most: int | None = None) -> Memory:
        """A linear memory of the host's, for programs to import: *least* pages of 64 KiB, and at most *most*.
        Raises LoadError where it is too large."""
        return self._own(f".memory it: {_limits(least, most)}\n.export it: memory it\n")  # type: ignore[no-any-return]

    def table(self, least: int, most: int | None = None) -> Table:
        """A table of functions of the host's, for programs to import: *least* elements, all None, and at most
        *most*. Raises LoadError where it is too large."""
        return self._own(f".table it: {_limits(least, most)}\n.export it: table it\n")  # type: ignore[no-any-return]

    def global_(self, type_: str, value: float, *, mutable: bool = False) -> Global:
        """A global of the host's, for programs to import. type_: i32, i64, f32 or f64. Raises OverflowError
        and TypeError for a value that does not fit."""
        if type_ not in ("i32", "i64", "f32", "f64"):
            raise UsageError(f"a global of the host's is an i32, i64, f32 or f64, not {type_!r}")
        fixed = "" if mutable else "fixed "
        setting = f".start set\n.func set()\n  {_constant(type_, value)}\n  STOREG it\n  RET\n.end\n"
        text = f".global it: {fixed}{type_}\n.export it: global it\n{setting}"
        return self._own(text)  # type: ignore[no-any-return]

    def function(self, function: Callable[..., Any], types: str) -> Function:
        """A function of the host's, for tables and for programs to import. types: as in "(i32) -> i32". It is
        there as long as the store."""
        takes, gives = ([spelled(each) for each in half] for half in parse(read_signature(types)))
        head = ", ".join(f"a{index}: {each}" for index, each in enumerate(takes))
        results = f" -> ({', '.join(gives)})" if gives else ""
        text = f'.import it({head}){results}: "", ""\n.export it\n'
        made = self._own(text, {"": {"": HostFunction(function, types)}})
        self._kept.append(made)  # a table may be all that has it
        return made  # type: ignore[no-any-return]

    def _own(self, text: str, imports: Imports | None = None) -> Any:
        """What a program exports as `it` that is there for nothing else."""
        from ..core.asm import assemble

        program = f".nonames\n.nolines\n{text}.func main()\n  RET\n.end\n"
        return self.load(assemble(program, self._known().isa), imports=imports).exports["it"]

    def _check_pages(self, name: str, module: Module) -> None:
        unknown = [each.name for each in module.pages if each.name not in self._known().isa.pages]
        if unknown:
            raise LoadError(
                f"{name}: it uses page {printable(unknown[0]).decode()}, which is in no plug-in here: name "
                "the plug-in in plugins",
                EXCLUDED,
            )

    def _own_runtime(self, name: str, module: Module, content: bytes) -> Mapping[str, tuple[str, ...]]:
        """Of a runtime for this program what it is built with, "features", and of the program's imports those
        that it fills, "natives". content: the program as a .tbc file."""
        from ..builder.translated import Translated, translated

        def make() -> tuple[Translated, set[Path]]:
            from ..builder.cache import files_of
            from ..builder.runtimes import features_for
            from ..stack import verify

            known = self._known()
            features = features_for(known, verify(module, known.isa))
            natives = {each.module for each in module.imports if (each.module, each.name) in known.imports}
            return Translated(b"", {"features": features, "natives": tuple(sorted(natives))}), files_of(known)

        return translated(content, name, self._plugins, "runtime", make).said

    def _part(self, features: Iterable[str]) -> Part:
        """The runtime that is built with these, and with those of the store."""
        paths = self._known().paths if self._plugins else ()
        named = dict.fromkeys((*features, *self._features))
        given = [*words(paths, self._kind, named, self.engine)]
        if self._denied:
            given += ["--deny", ",".join(self._denied)]
        if self._trusted:
            given += ["--trust", ",".join(self._trusted)]
        lib = self._open(given)
        with self._lock:
            if lib not in self._parts:
                self._parts[lib] = Part(lib, self._limits, self._env, self._dirs)
            return self._parts[lib]

    def _make(
        self, part: Part, module: Module, content: bytes, offered: Mapping[str, Mapping[str, Any]]
    ) -> Any:
        """The context of a new instance, or a LoadError."""
        with part.lock:
            if self._streams != (None, None) or self._output is not None:
                part.use_consoles()
            if self._errors is not None or self._output is not None:
                part.use_errors()
            part.offer(module, offered)
            # What a module asks for stands above the defaults and below what the host says.
            for name, least in (("heap", module.min_heap), ("stack", module.min_stack)):
                if self._limits[name] is None and (least or name in part.changed):
                    part.limit(name, least or int(self._known().options[name][1].default))
            found = ffi().new("tblvm_context **")
            status = part.lib.tblvm_make(part.store, content, len(content), found)
            if status == BUSY:
                raise InstanceBusy(part.error())
            if status == UNLINKED:
                return LinkError(part.error())
            if status == TOO_LARGE:
                return TooLarge(part.error())
            if status:
                return LoadError(part.error(), status)
            return found[0]


def _isolated(level: str) -> tuple[str, str, Callable[[Iterable[str]], Any]]:
    """The level that is taken, the kind of artifact that programs run in there, and what makes the library of
    it."""
    if level == "none":
        return level, "shared", library
    from ..isolation import levels

    taken = levels.choose(level)
    if taken == "none":
        return taken, "shared", library
    return taken, levels.KINDS[taken], lambda words: levels.library(taken, words)


def _limits(least: int, most: int | None) -> str:
    at_most = "" if most is None else f", {quantity('most', most, 'number')}"
    return f"{quantity('least', least, 'number')}{at_most}"


def _constant(type_: str, value: float) -> str:
    """An instruction that pushes it. Raises OverflowError and TypeError for what does not fit."""
    at = ffi().new("uint64_t *")
    ffi().cast(f"{NUMBERS[{'i32': 'i', 'i64': 'l', 'f32': 'f', 'f64': 'd'}[type_]][0]} *", at)[0] = value
    if type_ in ("f32", "f64"):
        return f"CONST {type_}:{at[0]:#x}"
    number = at[0] - ((at[0] >> 63) << 64) if type_ == "i64" else at[0] - ((at[0] >> 31) << 32)
    return f"CONST {number}L" if type_ == "i64" else f"PUSH {number}"


def _seconds(timeout: float | str | None) -> float | None:
    seconds = quantity("timeout", timeout, "duration") / 1000 if isinstance(timeout, str) else timeout
    if seconds is not None and not (isinstance(seconds, (int, float)) and seconds > 0):
        raise UsageError(f"a timeout is a number of seconds above 0, not {timeout!r}")
    return seconds


def _listed(name: str, words: Iterable[Any]) -> tuple[Any, ...]:
    """*words*, of what is called *name*. Raises UsageError for a single one, whose letters are not meant."""
    if isinstance(words, (str, Path)):
        raise UsageError(f"{name} is a list of names: [{str(words)!r}]")
    return tuple(words)


def words_of(name: str, words: Sequence[str]) -> tuple[str, ...]:
    """*words* that C takes. Raises UsageError."""
    found = _listed(name, words)
    for each in found:
        if not isinstance(each, str) or "\0" in each:
            raise UsageError(f"{name}: {each!r} is no text without null characters")
    return found


def _variables(env: Mapping[str, str]) -> tuple[bytes, ...]:
    if not isinstance(env, Mapping):
        raise UsageError('env is variables by their names: {"LANG": "C"}')
    for name in env:
        if not name or "=" in words_of("env", [name, env[name]])[0]:
            raise UsageError(f"env: {name!r} is no name of a variable")
    return tuple(os.fsencode(f"{name}={value}") for name, value in env.items())


def _directories(dirs: Directories) -> tuple[tuple[bytes, bytes, bool], ...]:
    if not isinstance(dirs, Mapping):
        raise UsageError('dirs are directories by the names that programs know them by: {"/data": "./data"}')
    found = []
    for guest, each in dirs.items():
        path = os.fspath(each.path if isinstance(each, ReadOnly) else each)
        words_of("dirs", [guest, path])
        if not Path(path).is_dir():
            raise UsageError(f"dirs: {path} is no directory")
        found.append((os.fsencode(path), os.fsencode(guest), isinstance(each, ReadOnly)))
    return tuple(found)


def _functions(imports: Imports) -> dict[str, dict[str, Any]]:
    """A copy of *imports*. Raises UsageError where it is something else."""
    if not all(isinstance(each, Mapping) for each in (imports, *getattr(imports, "values", tuple)())):
        raise UsageError('imports are functions by module and name: {"env": {"log": function}}')
    return {module: dict(names) for module, names in imports.items()}


def _withheld(grants: tuple[str, ...]) -> tuple[str, ...]:
    if not grants:
        return tuple(sorted(GRANTS))
    from ..core.registry import choose

    return tuple(sorted(set(GRANTS) - {choose("grant", each, GRANTS) for each in grants}))


def _program(
    program: Any, known: Callable[[], Registry], plugins: tuple[str, ...]
) -> tuple[str, Module, bytes | None]:
    """Its name for messages, the module, and the bytes of its .tbc file; None for a module."""
    from ..core.command import read_file
    from ..core.module import Module
    from ..core.tbc import read

    if isinstance(program, Module):
        return "module", program, None
    if isinstance(program, (bytes, bytearray, memoryview)):
        name, content = "module", bytes(program)
    elif not isinstance(program, (str, os.PathLike)):
        kind = type(program).__name__
        raise TypeError(f"a program is the name of a file, its content as bytes, or a module, not {kind}")
    elif "\n" in str(program):
        raise UsageError(
            "this is a program's text, not the name of its file: give it as bytes, text.encode()"
        )
    else:
        name, content = str(program), read_file(Path(program))
    if content.startswith(b"TBCO"):
        return name, read(content), content
    from ..builder.translated import translated

    made = translated(content, name, plugins, "load", lambda: _translated(content, name, known()))
    return name, read(made.content), made.content


def _translated(content: bytes, name: str, known: Registry) -> tuple[Translated, set[Path]]:
    """The program as a .tbc file. The runtime verifies it: here only what front-ends do not measure."""
    from ..builder.cache import files_of
    from ..builder.pipeline import files_read, translate
    from ..builder.translated import Translated
    from ..core.module import UNMEASURED
    from ..core.tbc import write

    module = translate(content, name, known)
    if any(each.max_stack == UNMEASURED for each in module.functions):
        from ..stack import verify

        module = verify(module, known.isa).module
    return Translated(write(module)), files_of(known) | files_read(content, name, known, {})


def load(
    program: str | Path | bytes | Module,
    *,
    features: Iterable[str] = (),
    plugins: Iterable[str | Path] = (),
    trust: Iterable[str] = (),
    memory: int | str | None = None,
    stack: int | str | None = None,
    fuel: float | str | None = None,
    timeout: float | str | None = None,
    output: int | str | None = None,
    grants: Iterable[str] = (),
    imports: Imports | None = None,
    stdin: bytes | str | IO[bytes] | IO[str] | None = None,
    stdout: IO[bytes] | IO[str] | None = None,
    stderr: IO[bytes] | IO[str] | None = None,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    dirs: Directories | None = None,
    isolation: str = "none",
    engine: str | None = None,
) -> Instance:
    """An instance of *program*, in a store of its own.

        vm = tblvm.load("fib.tba", fuel=1_000_000)
        vm.call("fib", 20)

    program: as for Store.load. memory: bytes of the heap, and of the linear memories; stack: cells; fuel:
    instructions; timeout: seconds of each call (at "none" host functions are waited for); output: bytes;
    grants: "clock", "random", "screen". All that
    is given besides is as for Store. Raises what Store and its load raise.
    """
    return Store(
        features=features,
        plugins=plugins,
        trust=trust,
        memory=memory,
        stack=stack,
        fuel=fuel,
        timeout=timeout,
        output=output,
        grants=grants,
        imports=imports,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        args=args,
        env=env,
        dirs=dirs,
        isolation=isolation,
        engine=engine,
    ).load(program)
