"""The accounting of one sync of four days, fed page by page."""

import orjson

from cdr.reading.accounting.accounting import Accounting
from cdr.reading.accounting.lookback import Lookback
from cdr.reading.pages.page import read_page
from cdr.reading.pages.plan import plan_of
from cdr.reading.pages.scope import Scope
from cdr.vendor.windows import Period
from fakes import config
from syncs import DAYS, HOUR, NEVER, SECOND, Calls, call, days

ONE, TWO, THREE, FOUR = days(DAYS)


class Books:
    """The accounting of one sync, fed page by page; `given` is what went out, in the words of `vendor_record_id`."""

    def __init__(self, state=None, keeps_from=NEVER, windows=(ONE, TWO, THREE, FOUR), **settings):
        self.lookback = Lookback(state or {}, keeps_from)
        self.stream = Calls(config(**{"include_raw": True, **settings}))
        self.plan = plan_of(self.stream)
        self.accounting = Accounting(windows, 2 * SECOND, self.lookback, self.plan.key, self.plan.normaliser)
        self.rows = []
        self.unchanged = 0

    def give(self, window, *calls, covers=None, **more):
        covers = covers or Period(window.start - SECOND, window.end + SECOND)
        scope = Scope(window, covers, DAYS, start=DAYS.start, end=DAYS.end)
        body = orjson.dumps({"rows": calls, "total": len(calls)})
        block = read_page(body, self.plan, scope, with_digests=True)
        given = self.accounting.given(block, window, **more)
        rows = [orjson.loads(line) for line in given.rows.lines()]
        assert len(given.indexes) == len(rows)
        self.rows += rows
        self.unchanged += given.unchanged
        return [row["vendor_record_id"] for row in rows]

    def close(self, *windows):
        for window in windows:
            self.accounting.close(window)
        return self

    def state(self, **how):
        return self.lookback.as_state(**{"is_complete": True, "resumes": False, **how})


def at(hours, number=1, **more):
    """Call 1, so many hours behind the begin of the sync."""
    return call(number, DAYS.start + hours * HOUR, **more)
