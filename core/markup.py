"""HTML by construction: elements always close, and text is escaped unless it is markup already."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


Content = str | None | Iterable["Content"]
_VOID = frozenset({"meta", "input"})


def element(tag: str, /, *content: Content, **attributes: str | bool | None) -> Markup:
    """An element. Attributes: `class_` is class, `aria_label` aria-label; True has no value, None is left
    out."""
    given = "".join(_attribute(key, value) for key, value in attributes.items() if value not in (None, False))
    if tag in _VOID:
        return Markup(f"<{tag}{given}>")
    return Markup(f"<{tag}{given}>{joined(content)}</{tag}>")


def joined(content: Content) -> Markup:
    """Content one after the other, escaped where it is plain text."""
    if content is None:
        return Markup("")
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(escape(content))
    return Markup("".join(map(joined, content)))


def raw(name: str, text: str) -> Markup:
    """A `style` or `script` element. Raises ValueError where *text* would end it."""
    if f"</{name}" in text.lower():
        raise ValueError(f"the text would end its <{name}>")
    return Markup(f"<{name}>{text}</{name}>")


def _attribute(key: str, value: str | bool | None) -> str:
    key = key.rstrip("_").replace("_", "-")
    return f" {key}" if value is True else f' {key}="{escape(str(value))}"'
