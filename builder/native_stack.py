"""How much native stack a runtime takes at most: the deepest chain of calls in its object files.

The compiler says how large each function's frame is (`-fstack-size-section`). A reference counts as a call:
what is never called makes the bound larger, not wrong. Not in it: what the system puts there before the start
(arguments, environment), and signal frames.
"""

from __future__ import annotations

from collections.abc import Mapping

from .graph import Graph
from .rows import NativeStack


def native_stack(graph: Graph, recursive: Mapping[str, int] | None = None) -> NativeStack:
    """The bound for what is reachable from the start.

    recursive: functions that call themselves by way of others, with how many calls of one are under way at
    most: the path shows one, behind the deepest chain without them.
    """
    recursive = recursive or {}
    deepest: dict[str, tuple[int, tuple[str, ...]]] = {}
    chain: list[str] = []

    def visit(key: str) -> tuple[str, ...]:
        """Finds how deep it is below *key*; gives a circle, if there is one."""
        if key in chain:
            return tuple(graph.nodes[each].name for each in chain[chain.index(key) :])
        if key in deepest or key not in graph.functions:
            return ()
        chain.append(key)
        most: tuple[int, tuple[str, ...]] = (0, ())
        for callee in sorted(graph.callees(key).difference(recursive)):
            if circle := visit(callee):
                return circle
            if callee in deepest:
                size, path = deepest[callee]
                most = max(most, (size + graph.pushed, path))
        chain.pop()
        node = graph.nodes[key]
        deepest[key] = node.frame + most[0], (node.name, *most[1])
        return ()

    for start in graph.starts:
        if circle := visit(start):
            return NativeStack(None, circle)
    size, path = max((deepest[each] for each in graph.starts if each in deepest), default=(0, ()))
    # Between two calls of one of these lies what is below it; the last one stands below the deepest chain.
    for key, calls in recursive.items():
        if circle := visit(key):
            return NativeStack(None, circle)
        if key in deepest:
            size += calls * (deepest[key][0] + graph.pushed)
            path = (*path, *deepest[key][1])
    return NativeStack(size, path)
