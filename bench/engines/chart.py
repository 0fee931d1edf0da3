"""One picture of speed: for each engine the geometric mean of its ratios, and a point for each program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

from .engine import Engine
from .figures import Results

# Which of them are ours is to be seen at once.
_COLORS = {"native": "#8c8c8c", "compiler": "#4c78a8", "interpreter": "#72b7b2", "ours": "#e45756"}
_KINDS = {
    "native": "C compilers",
    "compiler": "compilers at start or at run time",
    "interpreter": "interpreters",
    "ours": "tblvm",
}


def chart(results: Results, engines: Sequence[Engine], file: Path) -> None:
    """Draws all engines that have all of the nine programs, or all that were measured where the nine were
    not; the fastest on top. file: its suffix says the format, .svg or .png."""
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "tblvm"  # the same picture has the same bytes
    from matplotlib import pyplot

    programs = results.nine if results.geo9(results.base) is not None else list(results.samples)
    means = {each: mean for each in engines if (mean := results.geo(each.name, programs)) is not None}
    ordered = sorted(means, key=lambda each: means[each], reverse=True)
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.3 * len(ordered)), layout="constrained")
    for row, engine in enumerate(ordered):
        color, mean = _COLORS[engine.group], means[engine]
        axes.barh(row, mean, height=0.62, color=color, alpha=0.55)
        found = [results.ratio(program, engine.name) for program in programs]
        middles = [ratio.middle for ratio in found if ratio]
        axes.plot(middles, [row] * len(middles), "o", markersize=3, color=color, markeredgewidth=0)
        axes.text(max([mean, *middles]) * 1.06, row, f"{mean:.2f}", va="center", fontsize=8)
    axes.set_xscale("log")
    axes.set_yticks(range(len(ordered)), [each.about for each in ordered], fontsize=8)
    ticks = [each for each in (0.5, 1, 2, 5, 10, 20, 50, 100) if each <= 1.3 * axes.get_xlim()[1]]
    axes.set_xticks(ticks, [f"{each:g}" for each in ticks], fontsize=8)
    axes.minorticks_off()
    axes.set_xlim(right=axes.get_xlim()[1] * 1.5)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel(
        f"time as a multiple of gcc -O2's: geometric mean of {len(programs)} programs, and each", fontsize=8
    )
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    groups = dict.fromkeys(each.group for each in reversed(ordered))
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=_COLORS[group], alpha=0.55) for group in groups]
    axes.legend(handles, [_KINDS[group] for group in groups], fontsize=8, frameon=False, loc="upper right")
    figure.savefig(file, dpi=150, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)
