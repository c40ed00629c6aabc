"""The table beside Airbyte's own connectors says what a run finds, and the page has the table of that command."""

from dataclasses import replace

import pytest

from benchmarks.beside import page
from benchmarks.beside.accounts import Case, open_account
from benchmarks.beside.manifests import manifest
from benchmarks.beside.syncs import OURS, THEIRS, Found, Side, read
from documentation import table

SMALL = 201
NOTHING = Found(right=1, lost=0, outdated=0, twice=0, failed=0, requests=1, seconds=1.0)


def case(vendor: str, words: str) -> Case:
    return next(one for one in page.cases(SMALL) if one.vendor == vendor and words in one.title)


@pytest.mark.parametrize("one", page.cases(SMALL), ids=lambda one: f"{one.vendor}: {one.title}")
def test_account_has_as_many_calls_as_its_case_says_and_each_has_an_end(one: Case) -> None:
    with open_account(one) as account:
        account.moment = account.start.timestamp() + 10 * 86_400
        right = account.right()
    assert len(right) == one.calls
    assert all(row[1] is not None for row in right.values())


def test_call_across_midnight_has_no_end_when_its_day_is_read() -> None:
    with open_account(case("twilio", "ended after")) as account:
        account.moment = account.start.timestamp() + 2 * 86_400 + 600
        assert [row[1] for row in account.right().values()].count(None) == 1


def test_late_row_is_not_served_when_its_day_is_read() -> None:
    with open_account(case("twilio", "a row that came")) as account:
        account.moment = account.start.timestamp() + 2 * 86_400 + 600
        assert len(account.right()) == SMALL - 1


@pytest.mark.parametrize(
    ("vendor", "words", "lost", "twice", "failed"),
    [
        # 201 calls, of which a query reaches 200 on four pages; the first page comes twice, the fifth is refused.
        ("aircall", "calls", 1, 50, 3),
        ("twilio", "a row that came", 1, 0, 0),
    ],
)
def test_manifest_loses_what_it_is_known_to_lose_and_ours_nothing(
    vendor: str, words: str, lost: int, twice: int, failed: int
) -> None:
    theirs, ours = (read(case(vendor, words), who) for who in (THEIRS, OURS))
    assert (theirs.lost, theirs.twice, theirs.failed) == (lost, twice, failed)
    assert (ours.right, ours.lost, ours.outdated, ours.twice, ours.failed) == (SMALL, 0, 0, 0, 0)


def test_full_refresh_without_a_key_is_read_without_a_state() -> None:
    for vendor, incremental in (("twilio", True), ("aircall", False)):
        (stream,) = manifest(vendor)["streams"]
        assert ("incremental_sync" in stream, "primary_key" in stream) == (incremental, incremental)


def test_call_that_nobody_made_is_no_result(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Side, "sync", lambda side, _: side._rows.append(("invented", ())))
    with pytest.raises(ValueError, match="1 rows are of no call"):
        read(replace(case("aircall", "ended"), calls=2), THEIRS)


def test_page_has_the_table_of_the_command_with_every_case_and_both_readers() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    wanted = [page.line(one, who, NOTHING)[:3] for one in page.cases() for who in (OURS, THEIRS)]
    assert [tuple(cells[:3]) for cells in table(text.partition("<!-- measured -->\n")[2])] == wanted
    assert f"| {' | '.join(page.HEAD)} |" in text


def test_page_says_that_ours_lost_nothing() -> None:
    rows = table(page.PAGE.read_text(encoding="utf-8").partition("<!-- measured -->\n")[2])
    place = page.HEAD.index("Rows lost")
    assert {row[place] for row in rows if row[2] == OURS} == {"0"}


def test_lines_are_written_into_the_table_and_those_of_other_cases_stay() -> None:
    old = "before\n<!-- measured -->\n<!-- end -->\nafter\n"
    many, few = (page.line(case(*words), OURS, NOTHING) for words in (("twilio", "404"), ("aircall", "404")))
    made = page.written(page.written(old, [few]), [many])
    assert made.startswith("before\n<!-- measured -->\n| Vendor | Case |")
    assert made.splitlines()[4:] == [f"| {' | '.join(many)} |", f"| {' | '.join(few)} |", "<!-- end -->", "after"]
    assert page.written(made, [many]) == made
    with pytest.raises(LookupError):
        page.written("no place", [many])
