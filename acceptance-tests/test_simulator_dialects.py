"""Each dialect is a switch: what an answer looks like when a simulator speaks it."""

from datetime import timedelta

import pytest

import simulators
from simulator_requests import PAGED, SPRING, VENDORS, ask, every_vendor, get, id_of, moment, read, rows_of, total_of
from simulators.__main__ import _arguments, options_of
from simulators.dialects import OPTIONS

PLAIN = {"published_samples": False, "validate": False}


def body_of(vendor, start, **options):
    return ask(start(vendor, **PLAIN, **options))


@every_vendor
def test_an_account_has_uneven_days_and_a_week_as_many_calls_as_seven_even_ones(vendor, start):
    week = {"start": moment(2026, 6, 21), "end": moment(2026, 6, 27, 23, 59, 59)}  # from Sunday on
    sim = start(vendor, **week, calls_per_day=400, published_samples=False)
    days = [
        len(sim.truth(start=day, end=day + timedelta(days=1) - timedelta(seconds=1)))
        for day in (week["start"] + timedelta(days=number) for number in range(7))
    ]
    assert max(days) > 2 * min(days)
    assert sum(days) == pytest.approx(7 * 412, rel=0.05)  # twelve calls a day stand at the edges of windows


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_every_simulator_knows_every_common_switch(name):
    for vendor in simulators.VENDORS:
        simulators.start(vendor, **SPRING, **{name: OPTIONS[name]}).close()


def test_a_dialect_is_named_on_the_command_line_as_an_option_is():
    options = ["voxo", "--dialect", "voxo:printed_zone=America/Chicago", "--dialect", "bics:per_page=50"]
    assert options_of("voxo", _arguments(options)) == {"printed_zone": "America/Chicago"}


@every_vendor
def test_a_body_is_compressed_and_has_a_byte_order_mark(vendor, start):
    answer = body_of(vendor, start, encoding="gzip", byte_order_mark=True)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content.startswith(b"\xef\xbb\xbf")


@every_vendor
def test_a_latin_1_body_says_so_and_is_no_utf_8(vendor, start):
    answer = body_of(vendor, start, charset="latin-1")
    assert answer.headers["Content-Type"] == "application/json; charset=ISO-8859-1"
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()
    assert answer.encoding == "ISO-8859-1"
    assert rows_of(vendor, answer.json())


@every_vendor
@pytest.mark.parametrize(("switch", "byte"), [("bad_byte", b"\xe9"), ("control_character", b"\x07")])
def test_some_names_hold_a_byte_that_json_does_not_allow(vendor, switch, byte, start):
    content = body_of(vendor, start, page_rows=100, **{switch: True}).content
    assert 0 < content.count(byte) < len(content) // 100


@every_vendor
def test_two_calls_share_an_id_and_the_truth_counts_both(vendor, start):
    sim = start(vendor, **PLAIN, repeated_ids="near")
    truth = [row["record_id"] for row in sim.truth()]
    assert len(set(truth)) < len(truth)
    served = [id_of(row) for row in read(sim)]
    assert len(set(served)) < len(served)


@every_vendor
def test_a_filter_that_is_ignored_brings_everything(vendor, start):
    period = {"start": moment(2026, 3, 28), "end": moment(2026, 3, 28, 1)}
    assert len(read(start(vendor, **PLAIN, ignores_filter=True), **period)) > len(read(start(vendor, **PLAIN)))


@pytest.mark.parametrize("vendor", PAGED)
def test_a_total_may_be_the_accounts_or_cut_off(vendor, start):
    plain = total_of(vendor, body_of(vendor, start).json())
    assert total_of(vendor, body_of(vendor, start, total="account").json()) > plain > 50
    assert total_of(vendor, body_of(vendor, start, rows_cap=50).json()) == 50


@pytest.mark.parametrize("vendor", PAGED)
def test_calls_appear_while_a_window_is_read(vendor, start):
    sim = start(vendor, **PLAIN, growing=5)
    totals = [total_of(vendor, ask(sim).json()) for _ in range(3)]
    assert totals == [totals[0], totals[0] + 1, totals[0] + 2]


@pytest.mark.parametrize("vendor", PAGED)
def test_a_page_has_as_many_rows_as_the_vendor_likes(vendor, start):
    assert len(rows_of(vendor, body_of(vendor, start, page_rows=7).json())) == 7


def test_behind_the_end_the_last_page_comes_again_or_404(start):
    again = start("acefone", **PLAIN, behind_the_end="last")
    assert rows_of("acefone", ask(again, page=99).json()) != []
    assert ask(start("acefone", **PLAIN, behind_the_end="404"), page=99).status_code == 404


@every_vendor
@pytest.mark.parametrize(
    ("how", "status", "words"), [("204", 204, b""), ("null", 200, b"null"), ("data", 200, b'{"data":[]}')]
)
def test_an_empty_window_is_answered_in_another_way(vendor, how, status, words, start):
    answer = ask(start(vendor, **PLAIN, empty=how), start=moment(2020, 1, 1), end=moment(2020, 1, 2))
    assert (answer.status_code, answer.content) == (status, words)


def test_voxo_prints_another_zone_than_the_one_asked_for(start):
    plain, chicago = (body_of("voxo", start, **options).json() for options in ({}, {"printed_zone": "America/Chicago"}))
    assert plain[-1]["time"] == "03/27/26 00:00:00"
    assert chicago[-1]["time"] == "03/26/26 19:00:00"


def test_voxo_prints_the_day_before_the_month(start):
    assert body_of("voxo", start, day_first=True).json()[-1]["time"] == "27/03/26 00:00:00"


def test_voxo_gives_24_hours_of_what_was_asked_for(start):
    times = {how: [row["time"] for row in body_of("voxo", start, day_limit=how).json()] for how in ("first", "last")}
    assert max(times["first"]) <= "03/28/26 00:00:00"
    assert min(times["last"]) >= "03/30/26 00:00:00"


def test_bics_takes_its_token_as_a_parameter_alone(start):
    sim = start("bics", **PLAIN, token="parameter")
    assert ask(sim).status_code == 401
    assert get(sim, "voice/calls", access_token=sim.access_token).status_code == 200
    assert sim.access_token not in str(sim.requests)


def test_bics_counts_the_last_day_out(start):
    day = {"start": moment(2026, 3, 28), "end": moment(2026, 3, 28)}
    inside, outside = (read(start("bics", **PLAIN, last_day=how), **day) for how in ("inclusive", "exclusive"))
    assert max(row["end_at"] for row in inside)[:10] == "2026-03-29"
    assert max(row["end_at"] for row in outside)[:10] == "2026-03-28"


def test_acefone_may_want_days_and_find_nothing_by_a_time(start):
    sim = start("acefone", **PLAIN, dates="day")
    assert rows_of("acefone", ask(sim).json()) == []
    assert int(ask(sim).json()["total_records"]) > 0
    found = get(sim, "call_report", from_date="2026-03-28", to_date="2026-03-28", limit=100).json()
    assert {row["date"][:11] for row in rows_of("acefone", found)} == {"28-Mar-2026"}


def test_vonage_prints_no_end_where_nobody_answered_and_finds_none_by_it(start):
    sim = start("vonage_business", **PLAIN, ends="none_unanswered")
    rows = read(sim, size=1000)
    assert {row["end"] is None for row in rows} == {True, False}
    path, span = "reports/accounts/913874/call-logs", {"end:gte": "2026-03-27 00:00:00", "page_size": 1000}
    by_end = rows_of("vonage_business", get(sim, path, **span).json())
    assert all(row["end"] is not None for row in by_end)


def test_portsip_has_a_largest_skip(start):
    assert ask(start("portsip", **PLAIN, largest_skip=100), page=3).status_code == 400
    behind = start("portsip", **PLAIN, largest_skip=100, largest_skip_answer="empty")
    assert rows_of("portsip", ask(behind, page=3).json()) == []


@every_vendor
def test_a_parameter_is_refused_by_its_name_and_a_day_is_asked_for(vendor, start):
    name = VENDORS[vendor].refusable
    refused = body_of(vendor, start, refuses=(name,))
    assert refused.status_code == 400
    assert name in refused.text
    sim = start(vendor, **PLAIN, asks_to_wait=86_400)
    assert [ask(sim).status_code for _ in range(3)] == [200, 200, 429]
    assert ask(sim).headers["Retry-After"] == "86400"
