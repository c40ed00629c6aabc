"""The rows of `recording_files`: which links become rows, with which file, and what the state remembers of them."""

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import orjson
import pytest

from cdr.http.links import LinkRefusedError, NoFileError
from cdr.reading.accounting.lookback import Lookback
from cdr.reading.context import ReadContext, Sync, WindowCount
from cdr.reading.files.file_fetcher import FileFetcher
from cdr.reading.files.stored_files import FileStore
from cdr.reading.recordings.recording_reader import RecordingReader, RecordingRows
from cdr.schema.errors import ConfigError, TransientError
from cdr.vendor.recordings import RecordingFileStream
from fakes import DAY, config, executor
from syncs import LOGGER, NEVER, Account, Calls, call, days, spread

HOST = "https://rec.example.com"


class Files(RecordingFileStream, Calls):
    """The recordings that `Calls` link to."""


class Downloads:
    """A host that has the name of a link as its content. `said` is raised for links that hold a word."""

    def __init__(self, **said):
        self.said = said
        self.asked = []

    def fetch(self, link, sink, what, token=None):
        self.asked.append(link)
        for word, error in self.said.items():
            if word in link:
                raise error
        sink.write(link.partition("?")[0].encode())


class FileSync:
    """One sync of one day. `rows` as they went out."""

    def __init__(self, account, folder, downloads=None, state=None, **settings):
        self.account = account
        self.downloads = downloads or Downloads()
        self.threads = ThreadPoolExecutor(4)
        self.lookback = Lookback(state or {}, NEVER)
        fetcher = FileFetcher(self.downloads, FileStore(folder), self.threads, 4) if folder else None
        context = ReadContext(executor(), 4, LOGGER, files=fetcher)
        sync = Sync(DAY, days(DAY), self.lookback)
        self.reader = RecordingReader(Files(config(**settings)), account, context, sync)
        self.count = WindowCount()

    def blocks(self):
        return self.reader.read(DAY, self.count)

    def rows(self):
        return [orjson.loads(line) for block in self.blocks() for line in block.lines()]


def linked(rows):
    """Calls of which every other one has a link."""
    for number, row in enumerate(rows):
        if number % 2 == 0:
            row["link"] = f"{HOST}/{row['id']}.mp3?sig=1"
    return rows


def test_each_link_is_a_row_and_a_call_without_one_is_none(tmp_path):
    sync = FileSync(Account(linked(spread(10))), tmp_path)
    rows = sync.rows()
    assert [row["record_id"] for row in rows] == [f"voxo:127.0.0.1:c{number}" for number in (0, 2, 4, 6, 8)]
    first = rows[0]
    content = f"{HOST}/c0.mp3".encode()
    assert [*first] == [
        *("recording_file_id", "vendor", "account_id", "record_id", "file_name", "size_bytes", "sha256"),
        *("started_at", "schema_version"),
    ]
    assert (first["recording_file_id"], first["size_bytes"]) == (first["record_id"], len(content))
    assert first["started_at"] == "2026-01-05T01:12:00Z"  # a tenth of the day, halved
    assert (tmp_path / "recording_files" / first["file_name"]).read_bytes() == content
    assert (sync.count.rows, sync.count.total) == (5, None)


def test_without_files_nothing_is_fetched(tmp_path):
    sync = FileSync(Account(linked(spread(10))), None)
    rows = sync.rows()
    assert [(row["size_bytes"], row["sha256"]) for row in rows] == [(None, None)] * 5
    assert sync.downloads.asked == []


def test_the_calls_are_reconciled_with_the_vendors_total(tmp_path):
    """What has no link is counted: a total of ten is reached by ten calls, and no page is asked for twice."""
    account = Account(linked(spread(10)))
    assert len(FileSync(account, tmp_path).rows()) == 5
    assert len(account.requests) == 1


def test_a_recording_comes_once_though_two_pages_bring_it(tmp_path):
    rows = linked(spread(200))
    sync = FileSync(Account([*rows[:100], rows[98], *rows[100:]], totals="none"), tmp_path)
    asked = Counter(row["record_id"] for row in sync.rows())
    assert len(asked) == 100
    assert set(asked.values()) == {1}
    assert len(sync.downloads.asked) == 100


def test_a_link_that_is_refused_is_asked_for_anew(tmp_path):
    """The vendor signs its links at every read; what it signed first holds no longer."""
    account = Account(linked(spread(10)))
    sync = FileSync(account, tmp_path, Downloads(**{"c4.mp3?sig=1": LinkRefusedError("answered 403")}))
    account.changed = lambda _, answer: signed(answer, 2 if sync.downloads.asked else 1)
    assert [row["size_bytes"] is None for row in sync.rows()] == [False] * 5
    assert f"{HOST}/c4.mp3?sig=2" in sync.downloads.asked
    assert len(sync.downloads.asked) == 6


def signed(answer, number):
    links = {row["id"]: row["link"].replace("sig=1", f"sig={number}") for row in answer["rows"] if row.get("link")}
    return {**answer, "rows": [{**row, "link": links.get(row["id"])} for row in answer["rows"]]}


def test_a_link_that_the_vendor_has_no_longer_is_a_row_without_a_file(tmp_path, caplog):
    account = Account(linked(spread(10)))
    sync = FileSync(account, tmp_path, Downloads(**{"c4.mp3": LinkRefusedError("answered 403")}))
    account.changed = lambda _, answer: without_link(answer, "c4") if sync.downloads.asked else answer
    rows = sync.rows()
    assert [row["record_id"] for row in rows if row["size_bytes"] is None] == ["voxo:127.0.0.1:c4"]
    with caplog.at_level(logging.WARNING):
        sync.reader.conclude()
    assert "1 is no longer in the vendor's list" in caplog.text


def without_link(answer, identity):
    return {**answer, "rows": [{**row, "link": None} if row["id"] == identity else row for row in answer["rows"]]}


def test_recordings_that_are_gone_are_counted_in_one_warning(tmp_path, caplog):
    said = {
        "c0.mp3": NoFileError("answered 404"),
        "c4.mp3": NoFileError("answered 410"),
        "c6": NoFileError("answered 404"),
    }
    sync = FileSync(Account(linked(spread(10))), tmp_path, Downloads(**said))
    rows = sync.rows()
    assert [row["size_bytes"] is None for row in rows] == [True, False, True, True, False]
    with caplog.at_level(logging.WARNING):
        sync.reader.conclude()
    (line,) = caplog.messages
    assert "3 recordings came without their file" in line
    assert "2 answered 404, 1 answered 410" in line


def test_a_host_that_refuses_ten_new_links_in_a_row_ends_the_stream(tmp_path):
    sync = FileSync(Account(linked(spread(40))), tmp_path, Downloads(**{HOST: LinkRefusedError("answered 403")}))
    with pytest.raises(TransientError, match=r"answered 403 to 1\d recordings one after the other"):
        sync.rows()


def test_some_that_are_refused_end_nothing(tmp_path):
    said = {f"c{number}.mp3": LinkRefusedError("answered 403") for number in range(0, 40, 4)}
    rows = FileSync(Account(linked(spread(40))), tmp_path, Downloads(**said)).rows()
    assert sum(row["size_bytes"] is None for row in rows) == 10


@pytest.mark.parametrize("mode", ["mask", "drop"])
def test_under_privacy_the_stream_is_refused(tmp_path, mode):
    account = Account(linked(spread(10)))
    sync = FileSync(account, tmp_path, privacy={"mode": mode})
    with pytest.raises(ConfigError, match=f"`privacy` is `{mode}`: a recording holds voices"):
        sync.rows()
    assert account.requests == []


def test_a_sync_that_goes_on_leaves_out_what_was_out(tmp_path):
    account = Account(linked(spread(10)))
    first = FileSync(account, tmp_path)
    blocks = first.blocks()
    out = []
    for _ in range(3):
        block = next(blocks)
        assert isinstance(block, RecordingRows)
        out += [orjson.loads(line)["record_id"] for line in block.lines()]
        first.reader.sent(block)
    state = orjson.loads(orjson.dumps(first.lookback.as_state(is_complete=False, resumes=False)))
    blocks.close()
    rest = FileSync(account, tmp_path, state=state)
    assert out + [row["record_id"] for row in rest.rows()] == [
        f"voxo:127.0.0.1:c{number}" for number in (0, 2, 4, 6, 8)
    ]
    assert len(rest.downloads.asked) == 2


def test_a_row_that_changes_beside_its_link_is_no_other_recording(tmp_path):
    rows = linked(spread(10))
    account = Account(rows)
    first = FileSync(account, tmp_path)
    for block in first.blocks():
        first.reader.sent(block)
    state = first.lookback.as_state(is_complete=False, resumes=False)
    for row in rows:
        row |= {"notes": "filled in later", "link": row["link"].replace("sig=1", "sig=9") if "link" in row else None}
    assert FileSync(account, tmp_path, state=state).rows() == []


def test_a_call_that_has_its_link_later_is_a_row_then(tmp_path):
    rows = linked(spread(10))
    account = Account(rows)
    first = FileSync(account, tmp_path)
    for block in first.blocks():
        first.reader.sent(block)
    state = first.lookback.as_state(is_complete=False, resumes=False)
    rows[1]["link"] = f"{HOST}/late.mp3"
    (late,) = FileSync(account, tmp_path, state=state).rows()
    assert late["record_id"] == "voxo:127.0.0.1:c1"


def test_a_state_follows_a_file_as_long_as_it_is_small_beside_the_files(tmp_path):
    sync = FileSync(Account(linked(spread(40))), tmp_path)
    assert not any(sync.reader.sent(block) for block in sync.blocks())  # of 25 bytes each

    class Large(Downloads):
        def fetch(self, link, sink, what, token=None):
            sink.write(b"x" * 5000)

    sync = FileSync(Account(linked(spread(40))), tmp_path, Large())
    assert all(sync.reader.sent(block) for block in sync.blocks())


def test_two_calls_under_one_id_have_two_files(tmp_path):
    one = call(1, DAY.start + timedelta(hours=1), link=f"{HOST}/one.mp3")
    two = call(1, DAY.start + timedelta(hours=2), link=f"{HOST}/two.mp3", way="out")
    rows = FileSync(Account([one, two]), tmp_path).rows()
    assert len({row["file_name"] for row in rows}) == 2
    assert len({row["recording_file_id"] for row in rows}) == 2
    assert all(row["recording_file_id"] == row["record_id"] for row in rows)
