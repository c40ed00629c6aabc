"""`make test-spark`: the Spark data source's tests, on real worker processes, where this machine can run them.

PySpark is half a gigabyte and runs on Java, so neither is asked of everybody: where Java is missing, `make test` says
so and goes on. PySpark goes into .venv, from a lock of its own on top of requirements.lock.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

from tools.install import ROOT, VENV, InstallError, install_more

FOLDER = ROOT / "connectors" / "cdr-spark"
TESTS = FOLDER / "spark_tests"
OLDEST_JAVA = 17
_HOW = (
    f"Spark needs Java {OLDEST_JAVA} or newer, in the path or in JAVA_HOME: openjdk-17-jre-headless of Debian and "
    "Ubuntu, java-17-openjdk-headless of Fedora, openjdk@17 of Homebrew."
)
_NOTHING_CHOSEN = 5  # pytest's exit code where no test fits


def java_version(text: str) -> int | None:
    """Return the major version that `java -version` says; None where it says none."""
    found = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(found[1]) if found else None


def why_not() -> str | None:
    """Say why Spark cannot run here; None where it can."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=os.path.join(home, "bin") if home else None)  # noqa: PTH118 - a search path
    if java is None:
        return f"there is no Java here. {_HOW}"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = java_version(said.stderr + said.stdout)
    if version is None or version < OLDEST_JAVA:
        return f"{java} is Java {version or 'of no version'}. {_HOW}"
    return None


def run(python: str, arguments: list[str]) -> int:
    """Install PySpark where it is not there yet, and run the tests. InstallError where it or Java is not to be had.

    A stream starts Java again and again, and has a process beside the others, who share one cluster. The figures of
    `--full` are of one thing at a time.
    """
    if reason := why_not():
        raise InstallError(f"The tests of Spark cannot run: {reason}")
    # Built from source without isolation: what builds it is in the lock too.
    install_more(FOLDER / "requirements.lock", "--no-build-isolation", venv=VENV)
    command = [python, "-m", "pytest", *arguments]
    if "--full" in arguments:
        return subprocess.run([*command, str(TESTS)], cwd=ROOT, check=False).returncode
    stream = TESTS / "test_stream.py"
    with subprocess.Popen([*command, str(stream)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as beside:
        others = subprocess.run([*command, str(TESTS), f"--ignore={stream}"], cwd=ROOT, check=False).returncode
        print(beside.communicate()[0], end="", flush=True)
    codes = {others, beside.returncode}
    return max(codes - {_NOTHING_CHOSEN}) if codes != {_NOTHING_CHOSEN} else _NOTHING_CHOSEN


def run_or_say_why_not(python: str, arguments: list[str]) -> int:
    """As `run`, but where Spark cannot run, or no test of it was chosen, say so and let the rest of the tests count."""
    try:
        code = run(python, arguments)
    except InstallError as error:
        print(f"{error}\nSkipped: connectors/cdr-spark/spark_tests; everything else has run.", file=sys.stderr)
        return 0
    return 0 if code == _NOTHING_CHOSEN else code
