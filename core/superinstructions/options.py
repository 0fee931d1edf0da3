"""Settings of superinstructions and of counting: a file of their own, because every command loads them."""

from __future__ import annotations

from ..parts import Option

SUPERINSTRUCTIONS = Option(
    name="superinstructions",
    default=12 << 10,
    kind="size",
    macro="TB_SUPERINSTRUCTIONS",
    doc="Bytes of code that superinstructions may take, as estimated before they are compiled.",
    maximum=1 << 20,
)
PROFILE_TO = Option(
    name="profile.to",
    default=0,
    kind="number",
    macro="TB_PROFILE_TO",
    doc="Descriptor to which counts of what was executed are written at the end; `tblvm profile` sets it.",
    enables=True,
    maximum=1 << 16,
)
