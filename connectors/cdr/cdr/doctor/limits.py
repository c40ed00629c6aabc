"""Limits: answers that are cut off, periods that are too long, and how far back the vendor has calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from cdr.doctor.asking import Answer, Asker, Call
from cdr.doctor.sample import Sample, last_month
from cdr.reading.doubts.doubt import is_round
from cdr.reading.findings import OK, Finding, cut_off, newest_day_only
from cdr.vendor.windows import Period

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_AGES: Final = (45, 90, 365)
_DAYS_BACK: Final = (1, 2, 3, 6)
"""Of which one is a working day, whatever the day."""
_MANY: Final = 10


class Limits:
    """Asks for halves, for two days at once, and for days that are long gone.

    month: the first page of the last thirty days, where they could be asked for
    totals_mislead: whether the stated totals say no more than their page
    """

    def __init__(
        self, asker: Asker, sample: Sample, month: Answer | None, now: datetime, *, totals_mislead: bool
    ) -> None:
        self._asker = asker
        self._sample = sample
        self._month = month
        self._now = now
        self._totals_mislead = totals_mislead
        self._has_pages = asker.stream.paginator.has_pages

    def cap(self) -> Iterator[Finding]:
        """Whether answers are cut off, or limited to a day."""
        expected, most = "every call of the period asked for", self._asker.stream.most_rows
        if most is not None and any(figure >= most for _, figure, _ in self._figures()):
            effect = "none: such a period is asked for in halves"
            yield Finding("cap", f"no more than {most} calls a period", "the same", None, effect, severity=OK)
            return
        # A total that says no more than its page has may well be round.
        for period, figure, keys in () if self._has_pages and self._totals_mislead else self._suspects():
            if self._is_cut(period, figure, keys):
                yield cut_off(figure)
                return
        if not self._has_pages:
            limited = self._limited_to_a_day()
            if limited is not None:
                yield limited
                return
        largest = max((figure for _, figure, _ in self._figures()), default=0)
        largest_seen = f"{largest} calls in one answer" if not self._has_pages else f"a period with {largest} calls"
        yield Finding("cap", expected, "no sign of a limit", evidence=f"the most seen: {largest_seen}", severity=OK)

    def _figures(self) -> list[tuple[Period, int, set[tuple[str, str]]]]:
        figures = [
            (self._sample.period, max(len(self._sample.distinct), self._sample.total or 0), self._sample.distinct)
        ]
        # Without a total a first page says nothing of its period's size, unless it names no page behind it.
        if self._month is not None and self._tells_all(self._month):
            total = max(self._month.info.total or 0, len(self._month.calls))
            figures.append((last_month(self._now), total, self._month.keys))
        return figures

    def _tells_all(self, first: Answer) -> bool:
        is_last = self._asker.stream.paginator.is_sequential and first.info.following is None
        return first.info.total is not None or is_last or not self._has_pages

    def _suspects(self) -> list[tuple[Period, int, set[tuple[str, str]]]]:
        return [one for one in self._figures() if is_round(one[1])]

    def _is_cut(self, period: Period, figure: int, keys: set[tuple[str, str]]) -> bool:
        least = _DAY if self._asker.window.knows_days_only else _SECOND
        if period.length <= least:
            return False
        middle = self._middle(period)
        halves = (Period(period.start, middle), Period(middle, period.end)) if middle else period.halves(least)
        answers = [self._asker.try_ask(half) for half in halves]
        if None in answers:
            return False
        parts = [answer for answer in answers if answer is not None]
        if self._has_pages:
            # Without a total, what a first page holds is the least that there is; but a server that takes no number
            # of a page sends its first page for every period.
            named = self._asker.stream.paginator.is_sequential
            least_of_both = sum(max(part.info.total or 0, len(part.calls) if named else 0) for part in parts)
            return least_of_both > figure + 2 and not self._asker.window.knows_days_only
        union = set().union(*(part.keys for part in parts))
        return len(union) > figure

    def _middle(self, period: Period) -> datetime | None:
        """The time of the call in the middle, so that both halves have calls."""
        times = sorted(call.printed for call in self._sample.calls if call.printed and call.printed in period)
        middle = times[len(times) // 2].replace(microsecond=0) if times else None
        return middle if middle and period.start < middle < period.end else None

    def _limited_to_a_day(self) -> Finding | None:
        sample = self._sample
        before = Period(sample.period.start - _DAY, sample.period.start)
        both = Period(before.start, sample.period.end)
        earlier = self._asker.try_ask(before)
        if earlier is not None and not earlier.calls:
            return self._newest_day_only(before)
        together = self._asker.try_ask(both)
        if together is None:
            return Finding(
                "cap", "two days at once", "refuses more than a day at once", effect="none: days are asked for"
            )
        known: Sequence[Call] = [*sample.calls, *(earlier.calls if earlier else ())]
        missing = {call.key for call in known} - together.keys
        if len(missing) <= 2:  # noqa: PLR2004 - a late call or two
            return None
        return Finding(
            "cap",
            "two days at once",
            "sends a part of two days only",
            evidence=f"{len(missing)} of {len(known)} calls did not come for both days together",
            effect="none: days are asked for, and halves of those that may have been cut off",
        )

    def _newest_day_only(self, before: Period) -> Finding | None:
        if len(self._sample.calls) < _MANY or before.end < self._now - 2 * _DAY:
            return None
        for days in _DAYS_BACK:
            answer = self._asker.try_ask(Period(before.start - days * _DAY, before.end - days * _DAY))
            if answer is None or answer.calls:
                return None
        return newest_day_only("the last week")

    def retention(self) -> Iterator[Finding]:
        """How far back calls come."""
        kept = self._asker.stream.kept
        expected = f"calls of the last {kept.days} days" if kept else "not documented"
        oldest, none_at = 30, 0
        for age in _AGES:
            start = self._now.replace(microsecond=0) - age * _DAY
            answer = self._asker.try_ask(Period(start, start + min(7 * _DAY, self._asker.stream.window.step)))
            if answer is None or not answer.calls:
                none_at = age
                break
            oldest = age
        found = f"calls of {oldest} days ago came" if oldest > 30 else "calls of the last 30 days came"  # noqa: PLR2004
        found += f", none of {none_at} days ago" if none_at else ""
        wanted = self._asker.stream.config.period(self._now, _SECOND)
        if kept and wanted and wanted.start < self._now - kept:
            yield Finding(
                "retention",
                expected,
                found,
                evidence="`start_date` lies before that",
                effect="calls older than that are gone, and no sync can bring them",
                advice=f"set `start_date` to {kept.days} days ago, or expect nothing before",
            )
            return
        yield Finding("retention", expected, found, severity=OK)
