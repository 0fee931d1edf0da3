"""What command lines say about the runtime that is to be composed, and the request that follows from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..core.command import file_name, plugin_option, read_file, reporting, trace_option
from ..core.complete import among, features, registered
from ..core.errors import UsageError
from ..core.quantities import read_value
from .runtimes import ENGINE

if TYPE_CHECKING:
    from ..core.parts import Option
    from ..core.registry import Registry
    from ..core.superinstructions.profile import Profile
    from ..core.verified import Verified
    from .config import Config
    from .resolve import Request

F = TypeVar("F", bound=Callable[..., Any])

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


_FEATURES = among(features, several=True)


def _settings(registry: Registry) -> Iterable[tuple[str, str]]:
    options = [option for _, option in registry.options.values()]
    return ((f"{each.name}=", each.doc) for each in (*options, *registry.source_options.values()))


_OPTIONS = (
    click.option(
        "--features",
        shell_complete=_FEATURES,
        metavar="NAMES",
        help="Add and pin micro-libraries, variants or interfaces.",
    ),
    click.option(
        "--only",
        shell_complete=_FEATURES,
        metavar="NAMES",
        help="Use nothing but these; what the program needs beyond is an error.",
    ),
    click.option(
        "--deny",
        shell_complete=_FEATURES,
        metavar="NAMES",
        help="Do without these, or fail with the chain that needs them.",
    ),
    click.option(
        "--mode",
        shell_complete=registered("modes"),
        default="default",
        metavar="NAME",
        help="Preset with a budget: nano, micro, standard.",
    ),
    click.option(
        "--engine",
        shell_complete=registered("engines"),
        default=ENGINE,
        metavar="NAME",
        help="How bytecode is executed.",
    ),
    click.option(
        "--target",
        shell_complete=registered("targets"),
        metavar="NAME",
        help="Machine to build for: x86_64-linux, aarch64-linux, riscv64-linux, c11, wasm32.  "
        "[default: x86_64-linux; c11 for --artifact c]",
    ),
    click.option(
        "--invoke",
        metavar="CALL",
        help="The program is this call: an export and its arguments, as in 'fib 30'; it prints the results.",
    ),
    click.option(
        "--passes",
        shell_complete=registered("passes", several=True),
        metavar="NAMES",
        help="Optimiser passes, in this order, or none.  [default: unused]",
    ),
    click.option("--stack", metavar="CELLS", help="Stack limit."),
    click.option("--heap", metavar="BYTES", help="Heap size."),
    click.option("--fuel", metavar="N", help="Stop the program after N instructions."),
    click.option("--timeout", metavar="TIME", help="Stop the program after this time: 500ms, 2s, 1m."),
    click.option(
        "-O",
        "--option",
        "options",
        shell_complete=among(_settings),
        multiple=True,
        metavar="NAME=VALUE",
        help="Set any other option.",
    ),
    click.option(
        "--bundle",
        multiple=True,
        metavar="NAME=FILE",
        help="Build in another program, which SCRIPT_EXEC runs by this name.",
    ),
    click.option(
        "--profile",
        "profile",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FILE",
        help="What runs executed (`tblvm profile`): the engine is made for that.",
    ),
    click.option(
        "--dir",
        multiple=True,
        metavar="HOST[::GUEST][:ro]",
        help="Let the program have this directory, with all that is below it.",
    ),
    click.option(
        "--env",
        multiple=True,
        metavar="NAME[=VALUE]",
        help="Let the program have this variable of the environment; * for all.",
    ),
    click.option(
        "--trust",
        metavar="NAMES",
        help="Plug-ins whose native code may do what the engine may, where it would be kept apart.",
    ),
    plugin_option(),
    trace_option,
)


def building(function: F) -> F:
    """A command that composes runtimes has these options; `request` reads them. Each has an environment
    variable: TBLVM_FEATURES, …"""
    for option in reversed(_OPTIONS):
        function = option(function)
    for parameter in function.__click_params__:  # type: ignore[attr-defined]
        parameter.envvar = f"TBLVM_{parameter.name.upper()}"
    return function


class Configured(click.Command):
    """A command whose parameters a configuration file can give, too."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        from .config import find

        with reporting("tbbuild", "--debug" in args):
            config = find(Path.cwd())
        return super().make_context(info_name, args, parent, obj=config, default_map=config.given, **extra)


def configured() -> Config:
    """The configuration file's content, while a Configured command runs."""
    found: Config = click.get_current_context().obj
    return found


_SOURCES = {"COMMANDLINE": "command line", "DEFAULT": "default"}


def origins() -> dict[str, str]:
    """Where the value of each parameter of the running command comes from."""
    context = click.get_current_context()
    found = {}
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        name = source.name if source else "DEFAULT"
        if name == "ENVIRONMENT":
            found[parameter.name or ""] = str(parameter.envvar)
        else:
            found[parameter.name or ""] = _SOURCES.get(name, context.obj.origin)
    return found


def names(text: str | None) -> tuple[str, ...]:
    """The names in a comma-separated list."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _named(given: Iterable[str]) -> dict[str, str]:
    """What -O says: NAME=VALUE each. Raises UsageError."""
    found = {}
    for each in given:
        name, equals, value = str(each).partition("=")
        if not equals:
            raise UsageError(f"-O takes NAME=VALUE, not {each!r}")
        found[name] = value
    return found


def _settings_of(texts: Mapping[str, str], known: Mapping[str, Option]) -> dict[str, int | str]:
    """The values that these texts say. Raises UsageError for names that are not *known*, and what is none."""
    from ..core.registry import choose

    found = {}
    for name, text in texts.items():
        option = known[choose("option", name, known)]
        try:
            found[name] = read_value(text, option.kind)
        except UsageError as error:
            raise UsageError(f"option {name}: {error}") from None
    return found


def source_options(registry: Registry, given: Iterable[str]) -> dict[str, int | str]:
    """The values of options of front-ends: NAME=VALUE each. Raises UsageError."""
    from .resolve import admit

    found = _settings_of(_named(given), registry.source_options)
    for name, value in found.items():
        admit(registry.source_options[name], value)
    return found


def request(registry: Registry, given: Mapping[str, object]) -> Request:
    """The request that the options of a command line make. Raises UsageError, and what is wrong with bundled
    programs."""
    from ..core.registry import choose
    from .artifacts import EXE, KINDS
    from .invoke import words
    from .resolve import Request, admit

    config, sources = configured(), origins()
    texts = dict(config.options)
    places = dict.fromkeys(texts, config.origin)
    for name in ("stack", "heap", "fuel", "timeout"):
        if given[name] is not None:
            texts[name], places[name] = str(given[name]), sources[name]
    for name, text in _named(given["options"]).items():  # type: ignore[arg-type]
        texts[name], places[name] = text, sources["options"]
    known = {name: option for name, (_, option) in registry.options.items()} | registry.source_options
    options = _settings_of(texts, known)
    source = {name: options.pop(name) for name in texts if name in registry.source_options}
    for name, setting in source.items():
        admit(known[name], setting)
    for name in ("dir", "env"):
        lines: Sequence[str] = given.get(name) or ()  # type: ignore[assignment]
        if any("\n" in line for line in lines):
            raise UsageError(f"--{name} takes one line")
        if lines:
            registry.options[choose("option", name, registry.options)]
            options[name], places[name] = "\n".join(lines), sources[name]
    only = given["only"]
    return Request(
        features=names(given["features"]),  # type: ignore[arg-type]
        only=None if only is None else names(str(only)),
        deny=names(given["deny"]),  # type: ignore[arg-type]
        mode=str(given["mode"]),
        engine=str(given["engine"]),
        target=str(given["target"] or ""),
        options=options,
        origins={**sources, **places},
        artifact=KINDS[str(given.get("artifact") or EXE.name)],
        bundle=_bundle(registry, given["bundle"], source),  # type: ignore[arg-type]
        source=source,
        passes=None if given["passes"] is None else names(str(given["passes"])),
        invoke=words(str(given["invoke"])) if given["invoke"] else (),
        trust=names(given.get("trust")),  # type: ignore[arg-type]
        profile=_profile(registry, given.get("profile") or ()),  # type: ignore[arg-type]
    )


def _profile(registry: Registry, given: Iterable[str]) -> Profile | None:
    """The profiles that --profile names, as one. Raises UsageError."""
    paths = [Path(each) for each in given]
    if not paths:
        return None
    from ..core.superinstructions.profile import from_json, together

    return together(from_json(read_file(path), file_name(path), registry.isa.has_form) for path in paths)


def _bundle(registry: Registry, given: Iterable[str], source: Mapping[str, int | str]) -> dict[str, Verified]:
    """The programs that --bundle names, verified. source: options of front-ends."""
    from ..stack import verify
    from .pipeline import translate

    return {
        name: verify(translate(read_file(path), file_name(path), registry, source), registry.isa)
        for name, path in bundled(given).items()
    }


def bundled(given: Iterable[str]) -> dict[str, Path]:
    """The files that --bundle names. Raises UsageError."""
    found: dict[str, Path] = {}
    for each in given:
        name, equals, path = each.partition("=")
        if not equals or not path:
            raise UsageError(f"--bundle takes NAME=FILE, not {each!r}")
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"--bundle: {name!r} is no name for a program: letters, digits and . _ - are, up to 64"
            )
        if name in found:
            raise UsageError(f"--bundle: two programs are called {name}")
        found[name] = Path(path)
    return found
