"""Settings of engine `threaded`: a file of their own, because every command loads them."""

from __future__ import annotations

from ..parts import Option

REGISTERS = Option(
    name="registers",
    default=256 << 20,
    kind="size",
    macro="TB_REGISTERS_BYTES",
    doc="Memory for register code where programs are loaded, at most; taken as it is needed.",
    minimum=4096,
    maximum=1 << 40,
    limit=True,
    hosted=128 << 20,
)
ALIGNMENT = Option(
    name="threaded.align",
    default=64,
    kind="number",
    macro="TB_THREADED_ALIGN",
    doc="Bytes to multiples of which handlers are aligned: 16, 32 or 64.",
    minimum=16,
    maximum=64,
)
VARIANTS = Option(
    name="threaded.variants",
    default=128,
    kind="number",
    macro="TB_THREADED_VARIANTS",
    doc="Handlers beside the general ones, where programs are loaded: those that programs execute most.",
    maximum=1 << 16,
)
