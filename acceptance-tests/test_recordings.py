"""Recordings as files, by the connectors as processes: each once, whole, wherever a download breaks or a sync ends."""

from datetime import timedelta

import pytest

from harness import Connector
from recording_syncs import END, STREAM, WITH_RECORDINGS, assert_whole, simulator, sync, truth, without_name
from vendors import known


@pytest.fixture(params=WITH_RECORDINGS)
def connector(request, tmp_path):
    return Connector(request.param, tmp_path)


@pytest.fixture
def folder(tmp_path):
    """The folder that files are handed over in."""
    made = tmp_path / "files"
    made.mkdir()
    return made


def test_each_recording_is_a_row_with_its_file(connector, folder):
    with simulator(connector) as sim:
        answer = sync(connector, sim, folder)
        assert answer.code == 0, answer.text[-3000:]
        assert_whole([answer], connector, sim, folder)
        assert len(answer.ids) == len(set(answer.ids)) == len(sim.recordings.asked)
        assert sim.violations == []


def test_without_files_the_rows_come_and_nothing_is_fetched(connector, folder):
    with simulator(connector) as sim:
        answer = sync(connector, sim, folder, files=False)
        assert answer.code == 0, answer.text[-3000:]
        rows, _ = truth(connector, sim)
        nothing = {"size_bytes": None, "sha256": None}
        assert {row["recording_file_id"]: without_name(row) for row in answer.rows} == {
            identity: {**row, **nothing} for identity, row in rows.items()
        }
        assert len(answer.rows) == len(rows)
        assert all("file_reference" not in record for record in answer.records)
        assert sim.recordings.asked == []


def test_discover_shows_a_stream_of_files(connector):
    with simulator(connector) as sim:
        streams = {one["name"]: one for one in connector.discover(sim.config()).of("CATALOG")[0]["catalog"]["streams"]}
        assert [name for name, stream in streams.items() if stream["is_file_based"]] == [STREAM]
        stream, cursor = streams[STREAM], sim.cursors[known()[sim.vendor].recordings_of]
        assert stream["source_defined_primary_key"] == [["recording_file_id"]]
        assert stream["default_cursor_field"] == [cursor]
        assert [*stream["json_schema"]["properties"]] == [
            *("recording_file_id", "vendor", "account_id", "record_id", "file_name", "size_bytes", "sha256"),
            *(cursor, "schema_version"),
        ]


def test_a_second_sync_fetches_nothing_again(connector, folder):
    with simulator(connector) as sim:
        first = sync(connector, sim, folder)
        fetched = len(sim.recordings.asked)
        second = sync(connector, sim, folder, state=first.state)
        assert (second.code, second.ids, len(sim.recordings.asked)) == (0, [], fetched)


def test_killed_twice_each_recording_is_there_once(connector, folder):
    """What was out before the kill is not fetched again, but for the one row that its state did not follow yet."""
    with simulator(connector, latency_ms=5) as sim:
        config = {"num_workers": 2}
        answers, state = [], None
        for records in (7, 11):
            answers.append(sync(connector, sim, folder, state=state, killed_after=records, **config))
            assert answers[-1].code < 0
            state = answers[-1].state or state
        answers.append(sync(connector, sim, folder, state=state, **config))
        assert answers[-1].code == 0, answers[-1].text[-3000:]
        assert_whole(answers, connector, sim, folder)
        ids = [identity for answer in answers for identity in answer.ids]
        windows_open = config["num_workers"]
        assert len(ids) - len(set(ids)) <= 2 * windows_open


@pytest.mark.parametrize("ranges", [True, False], ids=["it goes on", "it begins again"])
def test_a_download_that_breaks_is_whole_in_the_end(connector, folder, ranges):
    with simulator(connector, recording_ranges=ranges, recording_bytes=200_000) as sim:
        for kind, times in (("truncated", 4), ("reset", 1), ("server_error", 1)):
            sim.fault(kind, at="recording", after=2, times=times)
        sim.fault("rate_limit", at="recording", after=12, times=1)
        answer = sync(connector, sim, folder)
        assert answer.code == 0, answer.text[-3000:]
        assert_whole([answer], connector, sim, folder)
        assert any(asked.first for asked in sim.recordings.asked) is ranges


def test_a_link_that_is_refused_is_asked_for_anew(connector, folder):
    with simulator(connector) as sim:
        sim.fault("status", at="recording", status=403, after=3, times=1)
        answer = sync(connector, sim, folder, num_workers=1)
        assert answer.code == 0, answer.text[-3000:]
        assert_whole([answer], connector, sim, folder)
        assert len(sim.recordings.asked) == len(answer.rows) + 1


def test_links_that_have_expired_before_they_are_used_are_asked_for_anew(tmp_path, folder):
    connector = Connector("source-bics", tmp_path)
    with simulator(connector, link_seconds=20) as sim:
        answer = sync(connector, sim, folder)
        assert answer.code == 0, answer.text[-3000:]
        assert_whole([answer], connector, sim, folder)
        assert {asked.status for asked in sim.recordings.asked} == {200}


def test_a_recording_that_is_gone_is_a_row_without_a_file(connector, folder):
    with simulator(connector) as sim:
        links = [row["recording_url"] for row in sim.truth(known()[sim.vendor].recordings_of) if row["recording_url"]]
        paths = [link.split("?")[0].removeprefix(sim.recordings.url) for link in links if sim.recordings.url in link]
        sim.options["no_recording"] = ((paths[3], 404), (paths[5], 410))
        answer = sync(connector, sim, folder)
        assert answer.code == 0, answer.text[-3000:]
        rows, _ = truth(connector, sim)
        assert set(answer.ids) == set(rows)
        gone = [record for record in answer.records if "file_reference" not in record]
        assert [(one["data"]["size_bytes"], one["data"]["sha256"]) for one in gone] == [(None, None)] * 2
        assert "2 recordings came without their file" in answer.log
        assert "1 answered 404" in answer.log
        assert "1 answered 410" in answer.log


def test_nothing_goes_to_a_host_that_no_row_names(connector, folder):
    with simulator(connector) as sim, simulator(connector) as other:
        sim.fault("redirect", at="recording", times=1, to=f"{other.recordings.url}/recordings/x.mp3")
        answer = sync(connector, sim, folder)
        assert answer.code == 0, answer.text[-3000:]
        assert other.recordings.asked == []
        assert "1 redirects to a host that the row does not name" in answer.log


@pytest.mark.parametrize("place", ["elsewhere", "own"])
def test_the_token_goes_to_the_vendors_own_host_and_to_no_other(connector, folder, place):
    with simulator(connector, recordings=place) as sim:
        answer = sync(connector, sim, folder)
        assert answer.code == 0, answer.text[-3000:]
        assert_whole([answer], connector, sim, folder)
        assert {asked.token for asked in sim.recordings.asked} == {place == "own"}


def test_a_host_that_keeps_failing_ends_the_stream_and_the_state_is_kept(connector, folder):
    with simulator(connector) as sim:
        sim.fault("unavailable", at="recording", after=9, times=None, retry_after=3600)
        broken = sync(connector, sim, folder, num_workers=2)
        assert broken.code == 1
        assert [failure["failure_type"] for failure in broken.failures] == ["transient_error"] * len(broken.failures)
        assert "The host of the recordings" in broken.failures[0]["message"]
        sim.faults.clear()
        rest = sync(connector, sim, folder, state=broken.state, num_workers=2)
        assert_whole([broken, rest], connector, sim, folder)


def test_a_host_that_refuses_every_link_ends_the_stream(connector, folder):
    with simulator(connector) as sim:
        sim.fault("status", at="recording", status=403, times=None)
        answer = sync(connector, sim, folder)
        assert answer.code == 1
        assert "ask the vendor whether the account may fetch them" in answer.failures[0]["message"]
        assert {failure["failure_type"] for failure in answer.failures} == {"transient_error"}


def test_under_privacy_the_stream_is_refused_and_the_calls_come(connector):
    with simulator(connector) as sim:
        config = sim.config(privacy={"mode": "mask"})
        outcome = connector.read(config, only=[STREAM, "call_records"])
        assert outcome.code == 1
        assert {failure["failure_type"] for failure in outcome.failures} == {"config_error"}
        assert "a recording holds voices" in outcome.failures[0]["message"]
        assert outcome.records(STREAM) == []
        assert outcome.records()
        assert outcome.statuses() == ["STARTED", "RUNNING", "COMPLETE"]


def test_memory_does_not_grow_with_the_size_of_the_files(tmp_path, folder):
    """Ten workers fetch files of 24 MB at once: whole in memory, they would take 200 MB more."""
    connector = Connector("source-acefone", tmp_path)
    few = {"start": END - timedelta(hours=12), "calls_per_day": 160, "validate": False}
    with simulator(connector, **few, recording_bytes=1000) as sim:
        small = most_memory(connector, sim, folder)
    with simulator(connector, **few, recording_bytes=24_000_000) as sim:
        large = most_memory(connector, sim, folder)
    assert large < small + 48 * 1024


@pytest.mark.skipif("not config.getoption('--recordings')", reason="a gigabyte of files is for `make soak`")
def test_a_thousand_recordings_of_a_megabyte_killed_twice_are_each_there_once(tmp_path, folder):
    connector = Connector("source-bics", tmp_path)
    many = {"start": END - timedelta(days=13), "calls_per_day": 280, "validate": False, "recording_bytes": 1_300_000}
    with simulator(connector, **many) as sim:
        rows, _ = truth(connector, sim)
        assert len(rows) >= 1000
        answers, state, memory = [], None, []
        for records in (300, 400, None):
            answers.append(sync(connector, sim, folder, state=state, killed_after=records, memory=memory))
            state = answers[-1].state or state
        assert answers[-1].code == 0, answers[-1].text[-3000:]
        assert_whole(answers, connector, sim, folder)
        ids = [identity for answer in answers for identity in answer.ids]
        assert len(ids) - len(set(ids)) <= 2 * 10
        assert len(sim.recordings.asked) <= len(rows) + 2 * 2 * 10 * 10
        assert max(memory) < 180 * 1024


def most_memory(connector, sim, folder):
    """The most memory that a sync of the files held, in KiB."""
    memory = []
    answer = sync(connector, sim, folder, memory=memory)
    assert answer.code == 0, answer.text[-3000:]
    assert len(answer.rows) >= 8
    return max(memory)
