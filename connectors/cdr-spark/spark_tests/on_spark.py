"""Spark for tests: in a folder of its own, on loopback, everything that it logs kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyspark
from pyspark import SparkContext
from pyspark.sql import DataFrame, SparkSession

from cdr_spark import CallRecords

# These tests are over before a second compiler would pay.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


class Spark(NamedTuple):
    """A running Spark, and the folder with all that it writes: logs of driver and executors, events."""

    session: SparkSession
    folder: Path

    def read(self, **options: Any) -> DataFrame:
        reader = self.session.read.format("call_records")
        for name, value in options.items():
            reader = reader.option(name, value)
        return reader.load()

    def written(self) -> Iterator[tuple[Path, str]]:
        """Every log and event so far."""
        for path in self.folder.rglob("*"):  # symbolic links are not followed
            if path.is_file():
                yield path, path.read_text(encoding="utf-8", errors="replace")


def settings(folder: Path) -> dict[str, str]:
    """Nothing outside the folder, no port but on loopback, and little to wait for."""
    events = folder / "events"
    events.mkdir(parents=True, exist_ok=True)
    return {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.task.maxFailures": "2",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": events.as_uri(),
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.extraJavaOptions": f"{_JAVA} -Dderby.system.home={folder}",
        "spark.executor.extraJavaOptions": _JAVA,
    }


@contextmanager
def errors_to(path: Path) -> Iterator[None]:
    """What is started in here writes its standard error there."""
    kept = os.dup(2)
    with path.open("ab") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _home(folder: Path) -> Path:
    """Spark's own files, in a folder where executors may write their logs: they do so in `work` beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("bin", "jars", "python"):
        if not (folder / part).exists():
            (folder / part).symlink_to(Path(pyspark.__file__).parent / part)
    return folder


@contextmanager
def running(folder: Path, master: str, **more: str) -> Iterator[Spark]:
    home = _home(folder / "home")
    os.environ.update(SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable, SPARK_HOME=str(home))
    builder = SparkSession.builder.master(master)
    for name, value in {**settings(folder), **more}.items():
        builder = builder.config(name, value)
    with errors_to(folder / "driver.log"):
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("INFO")
    session.dataSource.register(CallRecords)
    try:
        yield Spark(session, folder)
    finally:
        gateway = SparkContext._gateway
        session.stop()
        # PySpark leaves Java running for a next session.
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()
        SparkContext._gateway = SparkContext._jvm = None


def executors(spark: Spark) -> list[int]:
    """The process of every executor of this application."""
    application = spark.session.sparkContext.applicationId.encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if application in words and any(word.endswith(b"CoarseGrainedExecutorBackend") for word in words):
            found.append(int(folder.name))
    return found
