"""The plan of the core, drawn from its imports: its layers, what stands in each, and which imports which.

`make imports` prints it, and fails where modules import each other in a circle. In docs/architecture.md it is a
generated part.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

import grimp

_CORE = "cdr"


def imports() -> dict[str, set[str]]:
    """Return every module of the core, and the modules of the core that it imports."""
    graph = grimp.build_graph(_CORE)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in sorted(graph.modules)}


def layer_of(module: str) -> str:
    """Return the folder that a module stands in; nothing for the package itself."""
    return ".".join(module.split(".")[1:2])


def layers(found: Mapping[str, set[str]]) -> dict[str, Counter[str]]:
    """Return the layers from the top down, and how many imports go from each to every other.

    Raises CycleError where layers import each other.
    """
    arrows: dict[str, Counter[str]] = {layer_of(module): Counter() for module in found if layer_of(module)}
    for module, imported in found.items():
        for other in imported:
            if layer_of(module) and layer_of(other) not in ("", layer_of(module)):
                arrows[layer_of(module)][layer_of(other)] += 1
    order = [*TopologicalSorter({layer: set(others) for layer, others in arrows.items()}).static_order()]
    return {layer: arrows[layer] for layer in reversed(order)}


def plan() -> str:
    """Return the plan as Markdown: a drawing of the layers and their arrows, and a table of what is in each."""
    found = imports()
    order = layers(found)
    arrows = [f"  {layer} --> {other}\n" for layer in order for other in _arrows(order, layer)]
    rows = [f"| **{layer}** | {_first_line(layer)} | {_modules(found, layer)} |\n" for layer in order]
    drawing = f"```mermaid\nflowchart TD\n{''.join(arrows)}```\n"
    return f"{drawing}\n| Layer | What it is | Modules |\n| --- | --- | --- |\n{''.join(rows)}"


def _arrows(order: Mapping[str, Counter[str]], layer: str) -> list[str]:
    """Return the layers that one imports, without those that another of them imports too: fewer lines say as much."""
    implied = {below for other in order[layer] for below in order[other]}
    return [other for other in order if other in order[layer] and other not in implied]


def _modules(found: Mapping[str, set[str]], layer: str) -> str:
    """Return the modules of a layer; those that stand in a folder of it behind its name."""
    names = [module.removeprefix(f"{_CORE}.{layer}.") for module in found if module.startswith(f"{_CORE}.{layer}.")]
    folders = {name.partition(".")[0] for name in names if "." in name}
    single = [f"`{name}`" for name in names if "." not in name and name not in folders]
    for folder in sorted(folders):
        inner = [f"`{name.partition('.')[2]}`" for name in names if name.startswith(f"{folder}.")]
        single.append(f"`{folder}/` ({', '.join(inner)})")
    return ", ".join(single)


def _first_line(layer: str) -> str:
    spec = find_spec(f"{_CORE}.{layer}")
    if spec is None or spec.origin is None:
        raise LookupError(layer)
    text = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
    return text.splitlines()[0]


def circle(found: Mapping[str, set[str]]) -> list[str]:
    """Return modules that import each other in a circle; none where there is no circle."""
    try:
        TopologicalSorter({module: others - {module} for module, others in found.items()}).prepare()
    except CycleError as error:
        names: list[str] = error.args[1]
        return names
    return []


def main() -> int:
    """Print the layers with their imports, and the modules of each with theirs."""
    found = imports()
    for layer, others in layers(found).items():
        below = ", ".join(f"{other} {count}" for other, count in sorted(others.items()))
        print(f"{layer}: {below or 'imports nothing of ours'}")
        for module in found:
            if module.startswith(f"{_CORE}.{layer}."):
                names = sorted(other.removeprefix(f"{_CORE}.") for other in found[module])
                print(f"  {module.removeprefix(f'{_CORE}.{layer}.')}: {', '.join(names) or '-'}")
    names = circle(found)
    print(f"A circle: {' imports '.join(names)}" if names else "No circle.")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
