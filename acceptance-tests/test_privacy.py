"""Privacy: with every mode, in every stream, nothing that identifies a person leaves the connector."""

from datetime import datetime, timedelta, timezone

import orjson
import pytest

import simulators
from cdr.schema.columns import NOT_PERSONAL, PERSONAL_FREE_TEXT, PERSONAL_NUMBERS, PERSONAL_PEOPLE
from harness import Connector, connectors, vendor

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=timezone.utc)
DAYS = {"start": END - timedelta(days=3) + timedelta(seconds=1), "end": END}
PERSONAL = PERSONAL_NUMBERS | PERSONAL_PEOPLE | PERSONAL_FREE_TEXT
SALT = {"mode": "hash", "salt": "the-salt-of-this-test"}


def read(name, folder, privacy):
    with simulators.start(vendor(name), **DAYS) as sim:
        done = Connector(name, folder).read(sim.config(privacy=privacy))
        assert done.code == 0, done.text[-2000:]
        return done, {stream: sim.truth(stream) for stream in sim.cursors}


@pytest.mark.parametrize("name", connectors())
@pytest.mark.parametrize("privacy", [SALT, {"mode": "mask"}, {"mode": "drop"}], ids=lambda privacy: privacy["mode"])
def test_nothing_of_the_truth_that_is_personal_occurs_in_the_output(name, privacy, tmp_path):
    done, truth = read(name, tmp_path, privacy)
    personal = set()
    kept = set()
    for rows in truth.values():
        for row in rows:
            personal |= {str(row[column]) for column in PERSONAL & row.keys() - {"raw", "filter"} if row[column]}
            kept |= {str(row[column]) for column in NOT_PERSONAL & row.keys() if row[column] is not None}
    # Short extensions occur in counts and times by chance; ids and trunks may hold what a person's column holds too.
    words = sorted(word for word in personal - kept if len(word) > 4)
    assert words
    text = "\n".join(done.lines)
    leaked = [word for word in words if orjson.dumps(word).decode()[1:-1] in text]
    assert leaked == []


@pytest.mark.parametrize("name", connectors())
@pytest.mark.parametrize("mode", ["mask", "drop"])
def test_what_is_not_personal_stays(name, mode, tmp_path):
    done, truth = read(name, tmp_path, {"mode": mode})
    expected = {row["record_id"]: row for row in truth["call_records"]}
    for row in done.records():
        for column in NOT_PERSONAL & row.keys():
            same = expected[row["record_id"]][column]
            assert row[column] == (list(same) if column == "issues" else same) or column == "recording_expires_at"
        assert row["raw"] is None


def test_the_same_phone_has_the_same_hash_in_two_connectors_and_another_with_another_salt(tmp_path):
    hashes = []
    for salt in (SALT, {"mode": "hash", "salt": "another-salt-of-this-test"}):
        by_vendor = {}
        for name in ("source-vonage-business", "source-acefone"):
            done, truth = read(name, tmp_path, salt)
            plain = {row["record_id"]: row["to_number_e164"] for row in truth["call_records"]}
            by_vendor[name] = {
                plain[row["record_id"]]: row["to_number_e164"] for row in done.records() if row["to_number_e164"]
            }
        first, second = by_vendor.values()
        shared = first.keys() & second.keys()
        assert shared
        assert {number: first[number] for number in shared} == {number: second[number] for number in shared}
        hashes.append({number: first[number] for number in shared})
    assert all(hashes[0][number] != hashes[1][number] for number in hashes[0])
