"""What the CDK's concurrent core works through: the partitions of a stream are its windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator

from cdr.airbyte.cursor import WindowCursor, as_slice
from cdr.airbyte.sync import StreamRun
from cdr.airbyte.traces import traced
from cdr.reading.context import WindowCount
from cdr.reading.window_reader import WindowReader
from cdr.schema.errors import UnavailableError
from cdr.vendor.windows import Period


class WindowPartition(Partition):
    """One window of one stream. `given_up` says that it was not read to its end, and must not enter the state.

    account: whose window it is, where the stream reads several accounts
    """

    def __init__(
        self,
        run: StreamRun,
        reader: WindowReader,
        cursor: WindowCursor | None,
        period: Period | None,
        account: str | None = None,
    ) -> None:
        self._run = run
        self._reader = reader
        self._account = account
        self.cursor = cursor
        self.period = period
        self.given_up = False

    # The CDK types this as records; its queue takes messages as well, and a page is one message.
    def read(self) -> Iterable[Any]:
        self.given_up = True
        if self._run.is_stopped(self._account):
            self._run.skipped()
            return
        count = WindowCount()
        try:
            for rows in self._reader.read(self.period, count):
                if rows.count:
                    yield from self._run.page(rows)
                    # What was yielded is on the queue by now, and the state comes behind it.
                    if self._reader.sent(rows) and self.cursor is not None:
                        self.cursor.checkpoint()
                if self._run.is_stopped(self._account):
                    self._run.skipped()
                    return
        except UnavailableError as error:
            self._run.unavailable(error)
            return
        except Exception as error:
            if self._run.failed(error, self._account):
                raise traced(error, self._run.name) from error
            return
        since = None
        if self.cursor is not None and self.period is not None:
            self._reader.closed(self.period)
            self.cursor.dialect = self._reader.dialect()
            self.cursor.note_highest(self, count.highest)
            since = self.cursor.since
        self.given_up = False
        self._run.closed(self.period, count, since, self._account)

    def to_slice(self) -> Mapping[str, Any]:
        return as_slice(self.period) if self.period else {}

    def stream_name(self) -> str:
        return self._run.name

    def __hash__(self) -> int:
        return hash((self._run.name, self.period))


class Windows(PartitionGenerator):
    """The partitions of a stream, known before the sync starts, so that every log line can say how many are left."""

    def __init__(self, partitions: Iterable[WindowPartition]) -> None:
        self._partitions = partitions

    def generate(self) -> Iterable[Partition]:
        return iter(self._partitions)
