"""What Spark sees: the format `call_records`, read at once or as a stream.

Everything of Spark's own is here. The driver plans (`accounts.py`, `planning.py`), workers read (`reading.py`), and
what goes back to Spark are Arrow batches (`columns.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadLimit, ReadMaxFiles, SupportsTriggerAvailableNow
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from cdr.schema.columns import COLUMNS
from cdr.schema.errors import ConfigError
from cdr.vendor.stream import Stream
from cdr.vendor.windows import Period, utc_text
from cdr_spark.accounts import Account, accounts
from cdr_spark.columns import INSTANT, Columns, arrow_schema
from cdr_spark.planning import Cut, Task, asked_for, shared, tasks, trailing

# Vendors' pages are small; a batch costs Spark more than its rows do.
_ROWS_PER_BATCH = 4_000
_UNTIL = "until"
_DIALECTS = "dialects"
_TYPES: Mapping[pa.DataType, DataType] = {
    pa.string(): StringType(),
    pa.int64(): LongType(),
    pa.float64(): DoubleType(),
    pa.bool_(): BooleanType(),
    INSTANT: TimestampType(),
}


class CallRecords(DataSource):
    """Call records of any number of accounts: `spark.read.format("call_records").option(…).load()`.

    Options:

    connector: the connector to read with, such as source-voxo; a configuration may name its own in the key `connector`
    config:    a file with one configuration, or the configuration itself
    configs:   a file of configurations, one a line
    stream:    call_records, or another stream of the connector
    start_date, end_date:  stand for those of every configuration
    windows_per_partition: 1; more for periods of years, so that tasks stay few
    shares:    4; into how many partitions an account with `requests_per_minute` is cut, each with an equal share
    check:     true; ask every vendor once before the work is given out
    days_per_batch, every_minutes: of a stream, 7 and 60: how far a micro-batch goes, and the grid it ends on
    """

    options: MutableMapping[str, str]

    @classmethod
    def name(cls) -> str:
        return "call_records"

    def schema(self) -> StructType:
        """The columns of the contract. What "now" is for this query is decided here, once."""
        self._now = _now()
        return spark_schema(self.stream)

    def reader(self, schema: StructType) -> CallReader:
        return CallReader(self, schema)

    def streamReader(self, schema: StructType) -> CallStreamReader:  # noqa: N802 - Spark's name
        return CallStreamReader(self, schema)

    @property
    def stream(self) -> str:
        name = self.options.get("stream", "call_records")
        if name not in COLUMNS:
            raise ConfigError(f"There is no stream {name!r}: {', '.join(COLUMNS)}.")
        return name

    @property
    def now(self) -> datetime:
        """The moment that a query without `end_date` reads up to: that of `load()`, for every action on it."""
        return getattr(self, "_now", None) or _now()

    @property
    def cut(self) -> Cut:
        return Cut(self.whole("windows_per_partition", 1), self.whole("shares", 4))

    def whole(self, name: str, default: int) -> int:
        """An option that is a number of at least 1."""
        text = self.options.get(name, str(default))
        if not (text.isascii() and text.isdigit() and int(text)):
            raise ConfigError(f"The option `{name}` must be a whole number of at least 1.")
        return int(text)


def spark_schema(stream: str) -> StructType:
    """The stream's columns as Spark's types."""
    return StructType([StructField(field.name, _type(field.type), field.nullable) for field in arrow_schema(stream)])


def _type(type_: pa.DataType) -> DataType:
    if pa.types.is_list(type_):
        return ArrayType(_type(type_.value_type), containsNull=type_.value_field.nullable)
    return _TYPES[type_]


class _Batches:
    """The half of a reader that runs on workers. It is pickled, so it holds a name and nothing else."""

    def __init__(self, source: CallRecords, schema: StructType) -> None:
        if schema != spark_schema(source.stream):
            raise ConfigError("The columns are those of the contract: leave schema() out, and select() what you need.")
        self._stream = source.stream

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The rows of a task, in batches. One that fails is read again whole by Spark, and gives the same rows."""
        task: Task | None = partition.value
        if task is None:
            return  # Spark makes one of its own where there are none
        from cdr_spark.reading import read  # noqa: PLC0415 - the CDK with it, and `load()` would wait for it

        context = TaskContext.get()
        columns, waiting = Columns(self._stream), list[bytes]()
        for lines in read(task, context.attemptNumber() if context else 0):
            waiting += lines
            if len(waiting) >= _ROWS_PER_BATCH:
                yield columns.batch(waiting)
                waiting = []
        if waiting:
            yield columns.batch(waiting)


class CallReader(_Batches, DataSourceReader):
    """A query: the windows of every account, as partitions."""

    def __init__(self, source: CallRecords, schema: StructType) -> None:
        super().__init__(source, schema)
        self._source = source

    def __getstate__(self) -> dict[str, Any]:
        return {"_stream": self._stream}  # a worker needs no options, and one of them may be a configuration

    def partitions(self) -> Sequence[InputPartition]:
        """Account by account, window by window. Raises ConfigError where an account cannot be read."""
        source, now = self._source, self._source.now
        from cdr_spark.reading import survey_all  # noqa: PLC0415 - as above

        planned = [(one, [*_planned(source, one, now)]) for one in accounts(source.options)]
        asks = source.options.get("check", "true").lower() != "false"
        return [InputPartition(task) for told in survey_all(planned, now, asks=asks) for task in told]


def _planned(source: CallRecords, one: Account, now: datetime) -> Iterator[Task]:
    stream = one.stream(source.stream)
    period = one.config.period(now, stream.window.granularity) if stream.cursor else None
    return tasks(one, source.stream, period, source.cut)


class CallStreamReader(_Batches, DataSourceStreamReader, SupportsTriggerAvailableNow):
    """A stream: every call once, as soon as it is old enough that no other can still come late.

    An offset is a moment: what lies before it has been read. It trails now by the settling delay and the lookback,
    the longest of all accounts, so that a micro-batch is a period in which nothing changes any more: read again after
    a failure, from whatever moment on, it holds the same rows. Where micro-batches before it found a vendor to differ
    from its documents, the offset keeps that, as the state of a sync does.
    """

    def __init__(self, source: CallRecords, schema: StructType) -> None:
        super().__init__(source, schema)
        self._source = source
        self._every = timedelta(minutes=source.whole("every_minutes", 60))
        self._days = source.whole("days_per_batch", 7)
        self._found: list[tuple[Account, Stream]] = []
        self._target: datetime | None = None
        self._dialects: dict[str, Mapping[str, Any]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"_stream": self._stream}

    def initialOffset(self) -> dict[str, str]:  # noqa: N802 - Spark's name
        return {_UNTIL: utc_text(min(asked_for(one, stream).start for one, stream in self._accounts()))}

    def latestOffset(self, start: dict[str, Any], limit: ReadLimit) -> dict[str, Any]:  # noqa: N802 - Spark's name
        """The moment up to which the next micro-batch goes; `start` where there is nothing to read yet."""
        began = _moment(start)
        until = self._target or self._settled()
        if not isinstance(limit, ReadAllAvailable):
            until = min(until, began + timedelta(days=self._days))
        if until <= began:
            return start
        dialects = {**start.get(_DIALECTS, {}), **self._dialects}
        return {_UNTIL: utc_text(until), **({_DIALECTS: dialects} if dialects else {})}

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802 - Spark's name
        return ReadMaxFiles(self._days)  # Spark knows limits of its own kinds only: a day stands for a file

    def reportLatestOffset(self) -> dict[str, str]:  # noqa: N802 - Spark's name
        return {_UNTIL: utc_text(self._settled())}

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802 - Spark's name
        self._target = self._settled()

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        """The windows between two offsets, of every account. None of the figures depends on when this is asked."""
        if _moment(start) >= _moment(end):
            return []
        from cdr_spark.reading import survey_all  # noqa: PLC0415 - as above

        batch, known = Period(_moment(start), _moment(end)), end.get(_DIALECTS, {})
        planned = [
            (one, [replace(task, dialect=known.get(one.identity, {})) for task in found])
            for one, stream in self._accounts()
            if (found := self._tasks(one, stream, batch))
        ]
        surveyed = survey_all(planned, _now(), asks=False)
        for (one, _), (first, *_) in zip(planned, surveyed, strict=True):
            if first.dialect:
                self._dialects[one.identity] = first.dialect
        return [InputPartition(task) for told in surveyed for task in told]

    def _tasks(self, one: Account, stream: Stream, batch: Period) -> list[Task]:
        whole = asked_for(one, stream)
        return [*tasks(one, stream.name, shared(whole, batch), self._source.cut, whole)]

    def _accounts(self) -> list[tuple[Account, Stream]]:
        if not self._found:
            self._found = [(one, one.stream(self._stream)) for one in accounts(self._source.options)]
            if any(stream.cursor is None for _, stream in self._found):
                raise ConfigError(f"{self._stream} has no cursor: it is a list that is read whole, not as a stream.")
        return self._found

    def _settled(self) -> datetime:
        """The last point of the grid before which every account is complete, or the end that all of them name."""
        late = max(trailing(one, stream) for one, stream in self._accounts())
        settled = _now() - late
        settled -= (settled - datetime.fromtimestamp(0, timezone.utc)) % self._every
        return min(settled, max(asked_for(one, stream).end for one, stream in self._accounts()))


def _moment(offset: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(offset[_UNTIL].replace("Z", "+00:00"))


def _now() -> datetime:
    return datetime.now(timezone.utc)
