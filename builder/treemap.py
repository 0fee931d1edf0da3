"""Treemaps: rectangles whose areas are sizes, as square as they get.

The algorithm is that of Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000): rows along the shorter
side of what is left, each as long as that makes its worst rectangle better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle. Units are those of the whole."""

    x: float
    y: float
    width: float
    height: float

    def inset(self, by: float, top: float = 0.0) -> Box:
        """Without a margin of *by* and *top* more above; of no size where nothing is left."""
        width, height = max(0.0, self.width - 2 * by), max(0.0, self.height - 2 * by - top)
        return Box(self.x + by, self.y + by + top, width, height)


def treemap(sizes: Sequence[float], within: Box) -> list[Box]:
    """A rectangle for each size, in order; they fill *within*. Sizes are positive, the largest first."""
    total = sum(sizes)
    area = within.width * within.height
    if not sizes or not area:
        return [Box(within.x, within.y, 0.0, 0.0) for _ in sizes]
    areas = [size * area / total for size in sizes]
    boxes: list[Box] = []
    left = within
    while len(boxes) < len(areas):
        side = min(left.width, left.height)
        row = [areas[len(boxes)]]
        for each in areas[len(boxes) + 1 :]:
            if _worst([*row, each], side) > _worst(row, side):
                break
            row.append(each)
        placed, left = _place(row, left)
        boxes += placed
    return boxes


def _worst(row: Sequence[float], side: float) -> float:
    """The worst ratio of sides in a row along *side*."""
    total = sum(row)
    if not total or not side:
        return 1.0
    return max(side * side * max(row) / (total * total), total * total / (side * side * min(row)))


def _place(row: Sequence[float], left: Box) -> tuple[list[Box], Box]:
    """The rectangles of a row at the start of *left*, and what is left then."""
    total = sum(row)
    boxes, at = [], 0.0
    if left.width >= left.height:
        across = total / left.height if left.height else 0.0
        for each in row:
            along = each / across if across else 0.0
            boxes.append(Box(left.x, left.y + at, across, along))
            at += along
        return boxes, Box(left.x + across, left.y, max(0.0, left.width - across), left.height)
    across = total / left.width if left.width else 0.0
    for each in row:
        along = each / across if across else 0.0
        boxes.append(Box(left.x + at, left.y, along, across))
        at += along
    return boxes, Box(left.x, left.y + across, left.width, max(0.0, left.height - across))
