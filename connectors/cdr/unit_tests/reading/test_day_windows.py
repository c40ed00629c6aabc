"""Whole syncs against a filter that knows days in UTC only, of calls whose times name their offset."""

from datetime import date, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from cdr.normaliser import rfc2822, text
from cdr.vendor.filters import DayWindow
from cdr.vendor.paginators import NextLink
from cdr.vendor.windows import Period
from fakes import UTC
from syncs import Account, Calls, Synced, days, synced

WEEK = Period(datetime(2026, 1, 5, 12, tzinfo=UTC), datetime(2026, 1, 9, 12, tzinfo=UTC))
MIDNIGHTS = [datetime(2026, 1, day, tzinfo=UTC) for day in range(3, 12)]


class ByDays(Calls):
    total = ()
    paginator = NextLink("next", asks=("size", 100))
    window = DayWindow("StartTime>", "StartTime<")
    fields = {"vendor_record_id": text("id"), "started_at": rfc2822("time"), "from_number": text("from")}


class DayServer(Account):
    """Filters by days; `last` says whether the last one is in it."""

    last = True

    def answer(self, request):
        first, last = (date.fromisoformat(request.params[name]) for name in ("StartTime>", "StartTime<"))
        last -= timedelta(days=not self.last)
        inside = [row for row in self.calls if first <= parsedate_to_datetime(row["time"]).date() <= last]
        start, size = int(request.params.get("after", 0)), int(request.params["size"])
        more = {"next": f"/calls?after={start + size}"} if start + size < len(inside) else {}
        return {"rows": inside[start : start + size], **more}


def calls():
    """Two an hour, over more days than are read."""
    first, last = MIDNIGHTS[0], MIDNIGHTS[-1]
    moments = [first + timedelta(minutes=30 * number) for number in range(int((last - first) / timedelta(minutes=30)))]
    return [{"id": f"c{at:%d%H%M}", "time": format_datetime(at), "from": "+12025550101"} for at in moments]


def wanted():
    return sorted(row["id"] for row in calls() if parsedate_to_datetime(row["time"]) in WEEK)


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("windows", [None, days(WEEK)])
def test_every_call_of_the_period_comes_once_and_none_from_beside_it(last, windows):
    server = DayServer(calls())
    server.last = last
    subject = synced(server, ByDays, period=WEEK, windows=windows or [WEEK], start=WEEK.start, end=WEEK.end)
    assert sorted(subject.ids) == wanted()
    assert all(row["issues"] == [] for row in subject.rows)


def test_a_week_is_one_chain_of_pages():
    server = DayServer(calls())
    synced(server, ByDays, period=WEEK, windows=[WEEK], start=WEEK.start, end=WEEK.end)
    assert [dict(asked) for asked in server.requests] == [
        {
            "StartTime>": "2026-01-05",
            "StartTime<": "2026-01-10",
            "size": "100",
            **({"after": str(after)} if after else {}),
        }
        for after in (0, 100, 200)
    ]


def test_what_an_incremental_sync_reads_again_is_not_sent_again():
    server = DayServer(calls())
    first = Synced(server, ByDays, period=WEEK, windows=[WEEK], keeps_from=WEEK.start).read()
    later = Period(WEEK.end - timedelta(days=1), WEEK.end + timedelta(days=1))
    second = Synced(server, ByDays, period=later, windows=[later], state=first.state(), keeps_from=later.start).read()
    assert set(second.ids).isdisjoint(first.ids)
    assert len(second.ids) == 48
