"""Comparisons, which give truth values (i1), and operations on truth values."""

from __future__ import annotations

import operator

from .floating import decode
from .primitive import Primitive, define

_OPERATORS = (
    ("eq", operator.eq, "==", "="),
    ("ne", operator.ne, "!=", "≠"),
    ("lt", operator.lt, "<", "<"),
    ("le", operator.le, "<=", "≤"),
    ("gt", operator.gt, ">", ">"),
    ("ge", operator.ge, ">=", "≥"),
)

for _bits in (32, 64):
    for _name, _op, _c, _sign in _OPERATORS:
        _t, _s, _mask = f"i{_bits}", f"s{_bits}", (1 << _bits) - 1
        if _name in ("eq", "ne"):
            define(
                Primitive(
                    f"{_name}.{_t}",
                    (_t, _t),
                    "i1",
                    lambda a, b, op=_op: int(op(a, b)),
                    f"{{0}} {_c} {{1}}",
                    notation=f"{{0}} {_sign} {{1}}",
                )
            )
            continue
        define(
            Primitive(
                f"{_name}.{_t}",
                (_t, _t),
                "i1",
                lambda a, b, op=_op: int(op(a, b)),
                f"({_s}){{0}} {_c} ({_s}){{1}}",
                notation=f"{{0}} {_sign} {{1}}",
            )
        )
        define(
            Primitive(
                f"{_name}_u.{_t}",
                (_t, _t),
                "i1",
                lambda a, b, op=_op, mask=_mask: int(op(a & mask, b & mask)),
                f"{{0}} {_c} {{1}}",
                notation=f"unsigned({{0}}) {_sign} unsigned({{1}})",
            )
        )

for _t in ("f32", "f64"):
    for _name, _op, _c, _sign in _OPERATORS:
        define(
            Primitive(
                f"{_name}.{_t}",
                (_t, _t),
                "i1",
                lambda a, b, op=_op, t=_t: int(op(decode(t, a), decode(t, b))),
                f"{{0}} {_c} {{1}}",
                notation=f"{{0}} {_sign} {{1}}",
            )
        )

define(
    Primitive("eq.ref", ("ref", "ref"), "i1", lambda a, b: int(a == b), "{0} == {1}", notation="{0} = {1}")
)
define(
    Primitive("ne.ref", ("ref", "ref"), "i1", lambda a, b: int(a != b), "{0} != {1}", notation="{0} ≠ {1}")
)
define(Primitive("eq.fn", ("fn", "fn"), "i1", lambda a, b: int(a == b), "{0} == {1}", notation="{0} = {1}"))
for _t in ("i32", "i64", "f32", "f64", "ref", "fn"):
    # Of cells, not of numbers: it moves bits, and engines print it so.
    define(
        Primitive(
            f"select.{_t}",
            ("i1", _t, _t),
            _t,
            lambda c, a, b: a if c else b,
            "({0} ? {1} : {2})",
            notation="{1} if {0} else {2}",
        )
    )
define(Primitive("not.i1", ("i1",), "i1", lambda a: 1 - a, "!{0}", notation="not({0})"))
define(Primitive("and.i1", ("i1", "i1"), "i1", lambda a, b: a & b, "{0} & {1}", notation="{0} and {1}"))
define(Primitive("or.i1", ("i1", "i1"), "i1", lambda a, b: a | b, "{0} | {1}", notation="{0} or {1}"))
