"""The shape of the code: how long a module or a function may be, and that imports of the core go downwards only."""

import ast

import pytest

from tools.install import ROOT
from tools.maintain import imports

PACKAGES = [*ROOT.glob("connectors/cdr/cdr"), *ROOT.glob("connectors/source-*/source_*")]
MODULES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION, MOST_ARGUMENTS = 300, 50, 7


def functions(path):
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def arguments(function):
    given = function.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


def test_the_packages_are_found():
    assert len(MODULES) > 90


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "connectors")))
def test_modules_and_functions_fit_on_a_few_screens(path):
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_MODULE
    for function in functions(path):
        assert (function.end_lineno or 0) - function.lineno < LONGEST_FUNCTION, function.name
        assert len(arguments(function)) <= MOST_ARGUMENTS, function.name


def test_imports_of_the_core_go_from_layer_to_layer_downwards_and_in_no_circle():
    found = imports.imports()
    assert [*imports.layers(found)] == [
        *("airbyte", "doctor", "renormalise", "reading", "http", "vendor", "normaliser", "schema")
    ]
    assert imports.circle(found) == []


def test_a_circle_is_named():
    assert set(imports.circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("connectors/source-*/source_*/streams.py")), ids=lambda path: path.parent.name
)
def test_a_vendors_streams_are_written_with_two_layers_of_the_core(path):
    imported = {
        node.module for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)
    }
    assert {name for name in imported if name.startswith("cdr")} <= {"cdr.normaliser", "cdr.vendor"}
