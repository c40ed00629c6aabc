"""Syncs of `recording_files` by real processes, and what they have to have brought."""

import hashlib
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import simulators
from harness import SECRET, catalog, connectors, last_states, started, vendor
from test_memory import held
from vendors import known

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
DAYS = {"start": END - timedelta(days=2) + timedelta(seconds=1), "end": END, "calls_per_day": 80}
STREAM = "recording_files"
WITH_RECORDINGS = [name for name in connectors() if known()[vendor(name)].recordings_of]


def simulator(connector, **options):
    return simulators.start(vendor(connector.name), **{**DAYS, "recordings": "elsewhere", **options})


class Answer:
    """What a sync of the stream printed, and how it ended."""

    def __init__(self, lines, code=0):
        self.code = code
        self.text = b"".join(lines).decode()
        self.messages = [json.loads(line) for line in lines]
        self.state = last_states(self.messages)
        self.records = [one["record"] for one in self.messages if one["type"] == "RECORD"]
        self.rows = [record["data"] for record in self.records]
        self.ids = [row["recording_file_id"] for row in self.rows]
        self.log = "\n".join(one["log"]["message"] for one in self.messages if one["type"] == "LOG")
        traces = [one["trace"] for one in self.messages if one["type"] == "TRACE"]
        self.failures = [trace["error"] for trace in traces if trace["type"] == "ERROR"]


def sync(connector, sim, folder, *, files=True, state=None, killed_after=None, memory=None, **config):
    """Read the stream, with its files or without; kill the process behind so many records.

    memory: takes what the process held at each line, in KiB
    """
    settings = sim.config(**config)
    chosen = catalog(connector.discover(settings), only=[STREAM])
    for entry in chosen["streams"]:
        entry["include_files"] = files
    place = {"AIRBYTE_STAGING_DIRECTORY": str(folder)}
    if killed_after is None and memory is None:
        whole = connector.run("read", config=settings, catalog=chosen, state=state, environment=place)
        return Answer([f"{line}\n".encode() for line in whole.lines], whole.code)
    command = connector.command("read", config=settings, catalog=chosen, state=state)
    with started(command, place) as process:
        lines, records = [], 0
        for line in process.stdout:
            lines.append(line)
            if memory is not None:
                memory.append(held(process.pid))
            records += line.startswith(b'{"type":"RECORD"')
            if killed_after is not None and records >= killed_after:
                process.kill()
                break
        # What the pipe still holds was written before: a platform reads it too.
        lines += [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
    assert SECRET.encode() not in b"".join(lines)
    return Answer(lines, process.returncode)


def truth(connector, sim):
    """The rows that the stream has to have, and the bytes of each recording."""
    of, cursor = (
        known()[vendor(connector.name)].recordings_of,
        sim.cursors[known()[vendor(connector.name)].recordings_of],
    )
    rows, contents = {}, {}
    for row in sim.truth(of):
        if row["recording_url"] and row["recording_url"].startswith(sim.recordings.url):
            identity = row.get("record_id") or row["recording_id"]
            contents[identity] = sim.recordings.bytes_of(row["recording_url"])
            rows[identity] = {
                "recording_file_id": identity,
                "vendor": sim.vendor,
                "account_id": row["account_id"],
                "record_id": row.get("record_id"),
                "size_bytes": len(contents[identity]),
                "sha256": hashlib.sha256(contents[identity]).hexdigest(),
                cursor: row[cursor],
                "schema_version": 1,
            }
    assert len(rows) > 20, "the simulator has nothing to say"
    return rows, contents


def without_name(row):
    return {name: value for name, value in row.items() if name != "file_name"}


def assert_whole(answers, connector, sim, folder):
    """Every recording came, as its row says, and its file holds its bytes."""
    rows, contents = truth(connector, sim)
    records = [record for answer in answers for record in answer.records]
    assert {record["data"]["recording_file_id"] for record in records} == set(rows)
    names = {}
    for record in records:
        row, reference = record["data"], record["file_reference"]
        identity = row["recording_file_id"]
        assert without_name(row) == rows[identity]
        path = Path(reference["staging_file_url"])
        assert path.read_bytes() == contents[identity]
        assert reference["file_size_bytes"] == row["size_bytes"]
        assert path == folder / reference["source_file_relative_path"]
        assert reference["source_file_relative_path"] == f"{STREAM}/{row['file_name']}"
        names[identity] = row["file_name"]
    assert len(set(names.values())) == len(rows)
    assert sorted(path.name for path in (folder / STREAM).iterdir()) == sorted(names.values())
