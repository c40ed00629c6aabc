"""A stream of calls into Parquet, as a process of its own that can be killed: CONFIGS FOLDER.

When it is through, the ids that Spark finds in the Parquet files are in FOLDER/ids.json.
"""

import json
import sys
from pathlib import Path

from on_spark import running


def main(configs: str, folder: Path) -> None:
    with running(folder / "spark", "local[1]") as spark:
        query = (
            spark.session.readStream.format("call_records")
            .option("connector", "source-voxo")
            .option("configs", configs)
            .option("days_per_batch", 1)
            .load()
            .writeStream.format("parquet")
            .option("checkpointLocation", str(folder / "checkpoint"))
            .option("path", str(folder / "calls"))
            .trigger(availableNow=True)
            .start()
        )
        query.awaitTermination()
        calls = spark.session.read.parquet(str(folder / "calls")).select("record_id").toArrow()
    (folder / "ids.json").write_text(json.dumps(calls["record_id"].to_pylist()))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
