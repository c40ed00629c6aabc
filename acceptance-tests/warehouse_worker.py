"""Syncs with examples/warehouse.py as it is told, line by line on standard input: see `warehouses.py`.

PyAirbyte is imported, and each connector asked for its streams, once for all syncs. The connectors themselves run as
the harness runs them: a process for each command, forked from one that has imported the CDK.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Read configurations from the folder named, then do one sync a line and answer with the rows read."""
    sys.path[:0] = [str(ROOT), str(ROOT / "examples")]
    answers, sys.stdout = sys.stdout, sys.stderr  # PyAirbyte prints its progress
    import warehouse  # an example is not on the path
    from airbyte._executors.local import PathExecutor

    PathExecutor.execute = _execute
    sources = {path.stem: warehouse.source_of(path) for path in sorted(Path(sys.argv[1]).glob("*.json"))}
    for line in sys.stdin:
        job: dict[str, Any] = json.loads(line)
        read = warehouse.sync(job["warehouse"], sources, full_refresh=job["full_refresh"])
        print(json.dumps(read), file=answers, flush=True)


def _execute(executor: Any, arguments: list[str], **_: Any) -> Iterator[str]:
    """In the place of PyAirbyte's: the lines that a connector's command prints."""
    from harness import Connector

    verb, *options = arguments
    files = {
        option.removeprefix("--"): json.loads(Path(path).read_text(encoding="utf-8"))
        for option, path in zip(options[::2], options[1::2], strict=True)
    }
    with tempfile.TemporaryDirectory() as folder:
        outcome = Connector(executor.path.name, Path(folder)).run(verb, **files)
    if outcome.code:
        raise RuntimeError(outcome.text[-3000:])
    yield from outcome.lines


if __name__ == "__main__":
    main()
