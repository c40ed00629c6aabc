"""Reads `recording_files`: the pages of another stream, and a row with its file for each link in them."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from cdr.http.bodies import parse
from cdr.http.links import LinkRefusedError, NoFileError, file_name
from cdr.normaliser.fields import Row
from cdr.normaliser.normaliser import serialise
from cdr.reading.asking.requester import Transport
from cdr.reading.context import ReadContext, Sync, WindowCount
from cdr.reading.files.file_fetcher import FileFetcher
from cdr.reading.files.stored_files import PartFile, StoredFile
from cdr.reading.pages.fingerprints import digest
from cdr.reading.pages.rows import Rows
from cdr.reading.recordings.fresh_links import FreshLinks, has_expired
from cdr.reading.window_reader import WindowReader
from cdr.schema.columns import SCHEMA_VERSION
from cdr.schema.errors import ConfigError, TransientError
from cdr.vendor.recordings import RecordingFileStream, outgoing_columns
from cdr.vendor.windows import Period

_MOST_REFUSED: Final = 10
"""Links in a row that a host refuses although they are new: then it refuses all, and not these recordings."""
_BYTES_A_STATE_BYTE: Final = 4
"""A state may go out with each file as long as it is small beside the files."""
_STATE_BYTES: Final = 600
_DIGEST_BYTES: Final = 10


@dataclass(frozen=True)
class RecordingRows(Rows):
    """One row, and the file that goes with it.

    digest: what the state remembers of it, so that a sync that is killed does not fetch it again
    """

    file: StoredFile | None = None
    digest: int = 0


class RecordingReader(WindowReader):
    """Makes of each row with a link a row of `recording_files`; the others are counted and go no further."""

    def __init__(
        self, stream: RecordingFileStream, transport: Transport, context: ReadContext, sync: Sync | None = None
    ) -> None:
        super().__init__(stream, transport, context, sync)
        self._fetcher: FileFetcher | None = context.files
        self._columns = outgoing_columns(str(stream.cursor))
        self._links_calls = stream.links_calls
        self._fresh = FreshLinks(self._pager, str(stream.cursor))
        self._without: Counter[str] = Counter()
        self._refused_in_a_row = 0
        self._sent = 0
        self._bytes_since = 0
        self._counting = threading.Lock()

    def read(self, period: Period | None, count: WindowCount) -> Iterator[Rows]:
        """The rows of a window, with their files where those are asked for. Raises ConfigError under `privacy`."""
        if (refusal := self._stream.refusal()) is not None:
            raise ConfigError(refusal)
        recordings = 0
        for rows in super().read(period, count):
            found = [(row, digest(line)) for line in rows.lines() if (row := parse(line)[0]).get("recording_url")]
            recordings += len(found)
            if self._fetcher is None:
                yield Rows.of([serialise(self._outgoing(row, None)) for row, _ in found])
            else:
                yield from self._with_files(found, period, self._fetcher)
        # What the vendor counts are the rows, with a link or without.
        count.rows, count.total = recordings, None

    def sent(self, rows: Rows) -> bool:
        """Take note that a row is out. Whether a state shall follow it."""
        if not isinstance(rows, RecordingRows) or self._sync is None:
            return False
        self._sync.lookback.keep_sent(rows.digest)
        with self._counting:
            self._sent += 1
            self._bytes_since += rows.file.size if rows.file else 0
            is_small = self._bytes_since >= _BYTES_A_STATE_BYTE * (_STATE_BYTES + _DIGEST_BYTES * self._sent)
            if is_small:
                self._bytes_since = 0
            return is_small

    def conclude(self) -> None:
        """Say which recordings came without a file."""
        super().conclude()
        if self._without:
            reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(self._without.items()))
            self._logger.warning(
                f"{self._stream.name}: {sum(self._without.values())} recordings came without their file, because what "
                f"their link leads to {reasons}; their rows have no size."
            )

    # --- rows ---

    def _outgoing(self, row: Row, file: StoredFile | None) -> dict[str, Any]:
        identity = row["recording_file_id"]
        filled = {
            **row,
            "record_id": identity if self._links_calls else None,
            "file_name": file_name(identity, row["recording_url"]),
            "size_bytes": file.size if file else None,
            "sha256": file.sha256 if file else None,
            "schema_version": SCHEMA_VERSION,
        }
        return {column: filled[column] for column in self._columns}

    def _with_files(
        self, found: list[tuple[Row, int]], window: Period | None, fetcher: FileFetcher
    ) -> Iterator[RecordingRows]:
        """The rows of a page in order; the next files are under way while one is given out."""
        waiting: deque[tuple[Row, int, Future[StoredFile | None]]] = deque()
        try:
            for row, known_as in found:
                waiting.append((row, known_as, fetcher.threads.submit(self._file, row, window, fetcher)))
                if len(waiting) > fetcher.ahead:
                    yield self._finished(*waiting.popleft())
            while waiting:
                yield self._finished(*waiting.popleft())
        finally:
            for _, _, future in waiting:
                future.cancel()

    def _finished(self, row: Row, known_as: int, future: Future[StoredFile | None]) -> RecordingRows:
        file = future.result()
        return RecordingRows(serialise(self._outgoing(row, file)) + b"\n", 1, file=file, digest=known_as)

    # --- files ---

    def _file(self, row: Row, window: Period | None, fetcher: FileFetcher) -> StoredFile | None:
        """The file of one recording; None where there is none, which is counted."""
        name = file_name(row["recording_file_id"], row["recording_url"])
        try:
            with fetcher.store.part(self._stream.name, name) as part:
                link = row["recording_url"]
                if has_expired(row) or not self._is_fetched(link, part, name, fetcher):
                    link = self._fresh.link(row, window)
                    fetcher.downloads.fetch(link, part, self._what(name), self._requester.signature())
                self._refused_in_a_row = 0
                return fetcher.store.keep(self._stream.name, name, part)
        except LinkRefusedError as refusal:
            self._note_refusal(refusal)
            reason = str(refusal)
        except NoFileError as none:
            reason = str(none)
        with self._counting:
            self._without[reason] += 1
        return None

    def _is_fetched(self, link: str, part: PartFile, name: str, fetcher: FileFetcher) -> bool:
        """Whether the link of the row has brought its file; False where it is refused, and may have expired."""
        try:
            fetcher.downloads.fetch(link, part, self._what(name), self._requester.signature())
        except LinkRefusedError:
            return False
        return True

    def _what(self, name: str) -> str:
        return f"{self._stream.name}: file {name}"

    def _note_refusal(self, refusal: LinkRefusedError) -> None:
        with self._counting:
            self._refused_in_a_row += 1
            refused = self._refused_in_a_row
        if refused >= _MOST_REFUSED:
            raise TransientError(
                f"{self._stream.name}: the host of the recordings {refusal} to {refused} recordings one after the "
                "other, with new links: ask the vendor whether the account may fetch them. The state is kept."
            ) from None
