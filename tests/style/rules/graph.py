"""Import graphs: layers and cycles, for either language."""

from collections.abc import Callable, Iterable, Mapping, Set
from graphlib import CycleError, TopologicalSorter

from rules.report import Problem

Graph = Mapping[str, Set[str]]


def cycles(graph: Graph) -> list[Problem]:
    """Import cycles: the first one of every group that does not fall apart without it."""
    remaining = {file: set(imports) for file, imports in graph.items()}
    found = []
    while True:
        try:
            TopologicalSorter(remaining).prepare()
        except CycleError as error:
            ring: list[str] = error.args[1]
            found.append(Problem(min(ring), f"import cycle {' <- '.join(ring)}"))
            for file in ring:
                remaining[file] -= set(ring)
        else:
            return found


def upward(
    graph: Graph, layer_of: Callable[[str], str | None], allowed: Mapping[str, Iterable[str]]
) -> list[Problem]:
    """Files without a layer, and imports of a layer that the importing layer may not use.

    Args:
        graph: File to the files that it imports.
        layer_of: Layer of a file; None where the rules do not place it.
        allowed: Layer to the layers that it may import from.
    """
    placed = {file: layer_of(file) for file in graph}
    found = [
        Problem(file, "has no layer: place it in the rules")
        for file, layer in placed.items()
        if layer is None
    ]
    for file, imports in graph.items():
        for target in sorted(imports):
            upper, lower = placed[file], placed.get(target)
            if upper is not None and lower is not None and lower not in allowed[upper]:
                found.append(Problem(file, f"in layer {upper}, imports {target} of layer {lower}"))
    return found
