"""`python3 -m tools VERB [OPTIONS]`: what `make VERB ARGS=OPTIONS` does. Variables come from the environment."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable

from tools import pythons
from tools.install import ROOT, InstallError, install_for_pyairbyte
from tools.install import install as make_environment
from tools.maintain import image as images
from tools.maintain import spark
from tools.use import models

VERBS: dict[str, Callable[[], int]] = {}


def verb(function: Callable[[], int]) -> Callable[[], int]:
    """Offer a function as a verb of make. The first line of its docstring is its help."""
    VERBS[function.__name__.replace("_", "-")] = function
    return function


# These have options of their own, which their own --help lists.
_WITH_OPTIONS = ("bench", "hourly", "lock", "simulators")
_HELP = {"-h", "--help"}

# The black box waits for processes and for retries more than it computes, so more tests than processors run at once.
_SIDE_BY_SIDE = ("-n", "4", "--dist", "loadscope")


def _python(*arguments: str) -> int:
    """Run Python of the environment, made first where it is not there."""
    python = make_environment(os.environ.get("PYTHON", ""))
    return subprocess.run([python, *arguments], cwd=ROOT, check=False).returncode


def _first_failure(*steps: Callable[[], int]) -> int:
    return next((code for code in (step() for step in steps) if code), 0)


def _more() -> list[str]:
    return [*shlex.split(os.environ.get("ARGS", "")), *sys.argv[2:]]


@verb
def help() -> int:  # noqa: A001  the verb is called so
    """Say what each verb does."""
    print("make VERB [PYTHON=python3.12], where VERB is one of")
    for name, function in VERBS.items():
        print(f"  {name:<11} {(function.__doc__ or '').splitlines()[0]}")
    return 0


@verb
def install() -> int:
    """Make .venv, with everything that runs and tests the connectors, and dbt's environment beside it."""
    make_environment(os.environ.get("PYTHON", ""))
    _dbt_where_it_runs()
    print("Ready: .venv/bin holds every connector's command.")
    return 0


def _dbt_where_it_runs() -> int:
    """Install dbt; where that cannot be done, say so and let everything else go on."""
    try:
        models.install(make_environment(os.environ.get("PYTHON", "")))
    except InstallError as error:
        print(f"{error}\nWithout it: the models of dbt/ and their tests. Everything else works.", file=sys.stderr)
    return 0


@verb
def doctor() -> int:
    """Ask a real account what it really does: CONNECTOR=source-voxo CONFIG=secrets/voxo.json, ARGS=--json."""
    connector, config = os.environ.get("CONNECTOR", ""), os.environ.get("CONFIG", "")
    main = ROOT / "connectors" / connector / "main.py"
    if not connector or not config or not main.exists():
        print("Name the account: make doctor CONNECTOR=source-voxo CONFIG=secrets/voxo.json", file=sys.stderr)
        return 1
    return _python(str(main), "doctor", "--config", config, *_more())


@verb
def sync() -> int:
    """Read calls into calls.duckdb: from the simulators, or CONNECTOR=source-voxo CONFIG=secrets/voxo.json."""
    python = install_for_pyairbyte(os.environ.get("PYTHON", ""))
    return subprocess.run([python, "-m", "tools.use.sync"], cwd=ROOT, check=False).returncode


@verb
def test() -> int:
    """Run everything that proves this works: lint, types, all tests. ARGS='-k word' goes to pytest."""
    return _first_failure(_dbt_where_it_runs, lint, types, unit_and_acceptance, _spark_where_it_runs)


@verb
def lint() -> int:
    """Check style and structure: ruff, all rules, and its formatting; imports that go from layer to layer downwards."""
    return _first_failure(
        lambda: _python("-m", "ruff", "check", "--quiet"),
        lambda: _python("-m", "ruff", "format", "--check", "--quiet"),
        lambda: _python("-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"),
    )


@verb
def imports() -> int:
    """Print the layers of the core and what imports what; fail where there is a circle."""
    return _python("-m", "tools.maintain.imports")


@verb
def fmt() -> int:
    """Mend what ruff can mend by itself."""
    return _first_failure(
        lambda: _python("-m", "ruff", "check", "--fix", "--quiet"),
        lambda: _python("-m", "ruff", "format", "--quiet"),
    )


@verb
def types() -> int:
    """Check types: mypy, strict, over everything but tests and connectors without a source yet."""
    sources = sorted(str(path.parent) for path in ROOT.glob("connectors/source-*/source_*/source.py"))
    shared = ["connectors/cdr/cdr", "connectors/cdr-spark/cdr_spark"]
    return _python("-m", "mypy", *shared, *sources, "acceptance-tests/simulators", "benchmarks", "tools")


@verb
def unit() -> int:
    """Run the unit tests of all packages in connectors/, or of one: CONNECTOR=source-voxo."""
    chosen = os.environ.get("CONNECTOR") or "*"
    folders = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(f"connectors/{chosen}/unit_tests"))
    if not folders:
        print(f"connectors/{chosen} has no unit_tests.", file=sys.stderr)
        return 1
    return _python("-m", "pytest", *folders, *_more())


@verb
def acceptance() -> int:
    """Run the acceptance tests: standard tests, black box, conformity. ARGS='-k bics' picks one vendor."""
    return _python("-m", "pytest", *_SIDE_BY_SIDE, "acceptance-tests", *_more())


def unit_and_acceptance() -> int:
    """Run all tests in one run."""
    return _python("-m", "pytest", *_SIDE_BY_SIDE, *_more())


def _spark_where_it_runs() -> int:
    return spark.run_or_say_why_not(make_environment(os.environ.get("PYTHON", "")), _more())


@verb
def test_spark() -> int:
    """Run the tests of the Spark data source, which need Java. ARGS=--full takes its time, for the figures."""
    return spark.run(make_environment(os.environ.get("PYTHON", "")), _more())


@verb
def soak() -> int:
    """Kill every connector often (ARGS='--seeds 50': more often), sync hourly for a year, read millions of rows."""
    os.environ["CDR_FUZZED_ROWS"] = "1000000"
    modules = "completeness full_refresh hourly hourly_busy heavy property recordings"
    tests = [f"acceptance-tests/test_{module}.py" for module in modules.split()]
    tests.append("connectors/cdr/unit_tests/normaliser/test_fuzzed_rows.py")
    chosen = ("-k", "killed or hourly or habits or fuzzed or heavy")
    sizes = shlex.split("--seeds 10 --every-hour --recordings --heavy --draws 20000 --backfill-rows 2000000")
    return _python("-m", "pytest", *_SIDE_BY_SIDE, *tests, *chosen, *sizes, *_more())


@verb
def coverage() -> int:
    """Run all tests and say which lines and branches of the shared package none of them reached."""
    return _python("-m", "pytest", "--cov", "--cov-report=term-missing:skip-covered", *_more())


@verb
def new() -> int:
    """Render the folder of a new connector: make new VENDOR=name."""
    return _first_failure(
        lambda: _python("-m", "tools.maintain.new", os.environ.get("VENDOR", "")),
        lambda: _python("-c", ""),  # a second look installs the new package
    )


@verb
def dbt() -> int:
    """Run dbt over calls.duckdb, as make sync does: a build, or ARGS='run --full-refresh', ARGS=test."""
    models.install(make_environment(os.environ.get("PYTHON", "")))
    return _python("-m", "tools.use.models", *(_more() or ["build"]))


@verb
def dbt_docs() -> int:
    """Write dbt's documentation of the models over calls.duckdb, as one page: dbt/target/static_index.html."""
    models.install(make_environment(os.environ.get("PYTHON", "")))
    code = _python("-m", "tools.use.models", "docs", "generate", "--static")
    if not code:
        print("Written: dbt/target/static_index.html.")
    return code


@verb
def matrix() -> int:
    """Write what the READMEs and docs/ say that the code knows better: vendor matrix, columns, settings, faults."""
    return _first_failure(
        lambda: _python("-m", "tools.maintain.matrix", "--write"),
        lambda: _python("-m", "tools.maintain.docs", "--write"),
    )


@verb
def lock() -> int:
    """Resolve every requirements.in again into its lock. ARGS=--upgrade takes newer versions."""
    return _python("-m", "tools.maintain.lock", *_more())


@verb
def check() -> int:
    """Run everything: the tests, and that requirements.lock still is what requirements.in resolves to."""
    return _first_failure(test, lambda: _python("-m", "tools.maintain.lock", "--check"))


@verb
def simulators() -> int:
    """Start the vendors' simulators until Ctrl-C. ARGS='voxo --days 3' picks."""
    python = make_environment(os.environ.get("PYTHON", ""))
    command = [python, "-m", "simulators", *_more()]
    return subprocess.run(command, cwd=ROOT / "acceptance-tests", check=False).returncode


@verb
def bench() -> int:
    """Measure the connectors beside their peers. ARGS='--rounds 3 --case vonage-0ms --only ours,dlt', or =profile."""
    return _python("-m", "benchmarks", *_more())


@verb
def hourly() -> int:
    """Measure what an hourly sync costs. ARGS='--vendor voxo --calls 1500'; ARGS=--write writes docs/hourly.md."""
    return _python("-m", "tools.maintain.hourly", *_more())


@verb
def packages() -> int:
    """Build a wheel and a source archive of every package, into dist/, with the hashes of what they need."""
    return _python("-m", "tools.maintain.packages")


@verb
def release() -> int:
    """Build the packages, or CONNECTOR's image, with bills of materials; publish them where a place is set."""
    return _python("-m", "tools.maintain.release", *_more())


@verb
def image() -> int:
    """Build a connector's image with docker or podman: make image CONNECTOR=source-voxo [BASE_IMAGE=…]."""
    return images.main(_more())


@verb
def test_images() -> int:
    """Build every connector's image, or CONNECTOR's, and run it against the simulators, with the CDK's image tests."""
    images.engine()  # where there is none, it says so once and not in every test
    return _python("-m", "pytest", "-m", "image_tests", "acceptance-tests/test_images.py", *_more())


def main() -> int:
    """Run one verb and return its exit code."""
    name = sys.argv[1] if len(sys.argv) > 1 else "help"
    if name in _HELP:
        name = "help"
    try:
        wanted = VERBS[name]
        if name not in _WITH_OPTIONS and _HELP & {*_more()}:
            print(wanted.__doc__)
            return 0
        return wanted()
    except (pythons.NoPythonError, InstallError, images.ImageError) as error:
        print(error, file=sys.stderr)
    except KeyError:
        print(f"There is no verb {name}: make help lists them.", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
