"""Runs dbt as it is told, line by line on standard input, so that it is imported and the package parsed once.

A line is JSON: `arguments` of dbt and `environment` for them. The answer is JSON: whether it went well, the results by
node, and what dbt said of those that did not. Runs in dbt's own environment.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent.parent / "dbt"


def main() -> None:
    """Answer each line."""
    answers, sys.stdout = sys.stdout, sys.stderr
    os.chdir(PACKAGE)
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    for line in sys.stdin:
        job: dict[str, Any] = json.loads(line)
        os.environ.update(job["environment"])
        done = dbtRunner().invoke(["--quiet", *job["arguments"]])
        DuckDBConnectionManager.close_all_connections()  # else the file stays locked until this process ends
        results = getattr(done.result, "results", None) or []
        bad = {"error", "fail", "runtime error"}
        answer = {
            "success": done.success,
            "nodes": {one.node.unique_id: str(one.status) for one in results},
            "said": [f"{one.node.name}: {one.message}" for one in results if str(one.status) in bad]
            + ([str(done.exception)] if done.exception else []),
        }
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
