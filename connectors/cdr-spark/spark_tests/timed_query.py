"""How long so many workers take for the calls of all accounts, as a process of its own: WORKERS ONE ALL FOLDER.

ONE is a file with an account to begin with, so that nothing is measured that a worker does once. What was found is in
FOLDER/found.json: the seconds, and the ids.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from on_spark import Spark, running


def ids(spark: Spark, configs: str) -> Any:
    options = {"connector": "source-portsip", "configs": configs, "windows_per_partition": 10, "check": "false"}
    return spark.read(**options).select("record_id").toArrow()["record_id"].to_pylist()


def main(workers: str, first: str, every: str, folder: Path) -> None:
    with running(folder, f"local-cluster[{workers},1,1024]") as spark:
        ids(spark, first)
        began = time.monotonic()
        found = ids(spark, every)
        seconds = time.monotonic() - began
    (folder / "found.json").write_text(json.dumps([seconds, found]))


if __name__ == "__main__":
    main(*sys.argv[1:4], Path(sys.argv[4]))
