"""What the vendor makes of a period: its zone, its bounds, which time of a call it looks at, and whether it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cdr.doctor.asking import Answer, Asker, Call
from cdr.doctor.days import day_findings
from cdr.doctor.sample import Sample
from cdr.normaliser.timestamps import instant
from cdr.reading.findings import ACTION, OK, UNKNOWN, Finding, filter_ignored, times_far_outside
from cdr.vendor.windows import Period

_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)
_QUARTER: Final = timedelta(minutes=15)
_DAY: Final = timedelta(days=1)
_NEAR: Final = timedelta(seconds=5)
_APART: Final = timedelta(hours=14)
_FAR: Final = timedelta(hours=26)
_ELSEWHERE: Final = timedelta(days=17)
_LONG_ENOUGH: Final = 30
_KNOWN_ZONES: Final = (
    "UTC",
    "Europe/London",
    "Europe/Brussels",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Australia/Sydney",
)


class Times:
    """Finds out what the filter does, by asking for the moments of single calls.

    ahead:   by how much the printed times are ahead of the moments that the filter knows them by
    filters: whether the vendor obeys its filter at all
    """

    def __init__(self, asker: Asker, sample: Sample) -> None:
        self._asker = asker
        self._sample = sample
        self._cursor = asker.stream.cursor or "started_at"
        self.ahead = timedelta(0)
        self.filters = True

    def findings(self, *, dates_are_odd: bool = False) -> Iterator[Finding]:
        """What was found out; the printed dates may be known to be odd."""
        far = [] if dates_are_odd else [call for call in self._sample.calls if self._is_far(call)]
        elsewhere = self._elsewhere()
        if elsewhere is not None and elsewhere.keys & self._sample.distinct:
            self.filters = False
            yield filter_ignored()
            yield from self._zone_as_printed()
            return
        if far:
            yield times_far_outside(str(self._sample.period))
            return
        if dates_are_odd:
            return
        if self._asker.window.knows_days_only:
            yield from self._zone_as_printed()
            yield from day_findings(self._asker, self._sample, self.moment)
            return
        yield from self._moments()

    def moment(self, call: Call) -> datetime | None:
        """When a call was, as far as its row and what was found tell."""
        printed = call.row.get(self._cursor)
        moment = instant(printed) if printed else None
        return None if moment is None else moment - self.ahead

    def _is_far(self, call: Call) -> bool:
        moment, period = self.moment(call), self._sample.period
        covers = self._asker.window.covers(period, self._asker.zone)
        return moment is not None and not covers.start - _FAR <= moment <= covers.end + _FAR

    # --- a filter of moments ---

    def _moments(self) -> Iterator[Finding]:
        probes = self._probes()
        if not probes:
            yield Finding("filter", "calls of the period asked for", "could not be told", severity=UNKNOWN)
            return
        call, answer, by_end = self._found(probes)
        if call is None and not self._asker.scout.is_proven and self._find_offset(probes[0]):
            yield self._offset_finding(probes[0])
            call, answer, by_end = self._found(probes)
        elif not self._asker.scout.zone:
            yield from self._zone_as_printed()
        if call is None or answer is None:
            yield from self._not_found(probes[0])
            return
        moment = self._of(call, by_end=by_end)
        strangers = [other for other in answer.calls if not self._is_near(other, moment)]
        if strangers:
            yield _dates_alone()
        else:
            yield Finding(
                "filter", "calls of the period asked for", "only calls of two seconds came for two seconds", severity=OK
            )
        yield self._filter_time(call, answer, by_end=by_end)
        if not strangers and not self._asker.scout.shift:
            yield from self._bounds(call, moment, by_end=by_end)

    def _probes(self) -> list[Call]:
        """Calls in the middle of the sample that print their time as it should be, the long ones first."""
        timed = [call for call in self._sample.calls if self.moment(call) and call.row.get("started_at")]
        plain = [call for call in timed if not any(issue.startswith(("time_", "end_")) for issue in call.issues)]
        counted = [call.id for call in timed]
        once = [call for call in plain or timed if counted.count(call.id) == 1]
        inner = once[len(once) // 4 : len(once) - len(once) // 4] or once
        return sorted(inner, key=lambda call: -(call.row.get("duration_seconds") or 0))[:2]

    def _found(self, probes: Sequence[Call]) -> tuple[Call | None, Answer | None, bool]:
        """A call that comes for its own second: of its start, else of its end."""
        for by_end in (False, True):
            for call in probes:
                if by_end and not (call.row.get("ended_at") and (call.row.get("duration_seconds") or 0) > _LONG_ENOUGH):
                    continue
                moment = self._of(call, by_end=by_end)
                answer = self._asker.try_ask(Period(moment - _SECOND, moment + _SECOND))
                if answer is not None and call.key in answer.keys:
                    return call, answer, by_end
        return None, None, False

    def _of(self, call: Call, *, by_end: bool = False) -> datetime:
        column = "ended_at" if by_end else "started_at"
        moment = instant(call.row[column])
        return moment.replace(microsecond=0) - self.ahead

    def _is_near(self, call: Call, moment: datetime) -> bool:
        times = [call.row.get(column) for column in ("started_at", "ended_at")]
        clocks = [instant(time) - self.ahead for time in times if time]
        clocks += [time for time in (call.epoch, call.printed and call.printed - self.ahead) if time]
        return not clocks or any(abs(clock - moment) <= _NEAR for clock in clocks)

    def _find_offset(self, call: Call) -> bool:
        """Look for a call beside the time that it prints, in ever narrower stretches."""
        printed = self._of(call)
        low, high = printed - _APART, printed + _APART
        while high - low > _QUARTER:
            middle = low + (high - low) / 2
            answer = self._asker.try_ask(Period(low, middle.replace(microsecond=0)))
            if answer is not None and call.key in answer.keys:
                high = middle
            else:
                low = middle
        quarters = round((printed - (low + (high - low) / 2)) / _QUARTER)
        for ahead in (quarters, quarters + 1, quarters - 1):
            moment = printed - ahead * _QUARTER
            answer = self._asker.try_ask(Period(moment - _SECOND, moment + _SECOND)) if ahead else None
            if answer is not None and call.key in answer.keys:
                self.ahead = ahead * _QUARTER
                return True
        return False

    def _offset_finding(self, call: Call) -> Finding:
        hours = self.ahead / timedelta(hours=1)
        where = f"{abs(hours):g} hours {'ahead of' if hours > 0 else 'behind'}"
        moment = self._of(call)
        asked = moment.astimezone(ZoneInfo(self._asker.zone)).utcoffset() or timedelta(0)
        zones = [
            zone
            for zone in dict.fromkeys((*self._asker.stream.zones, *_KNOWN_ZONES))
            if moment.astimezone(ZoneInfo(zone)).utcoffset() == asked + self.ahead
        ]
        like = f", as {' or '.join(zones[:2])} is" if zones else ""
        return Finding(
            "zone",
            f"its times in {self._asker.zone}",
            f"prints its times {where} the period that they are found by{like}",
            evidence="a call that comes for one second only",
            effect="no call is lost; their times are wrong by as much, for nothing in a row tells",
            advice=self._zone_advice(zones),
            severity=ACTION,
        )

    def _zone_advice(self, zones: Sequence[str]) -> str:
        if self._asker.stream.config.text("timezone") and zones:
            return f"set `timezone` to {zones[0]}, or to the account's zone that is as far from UTC"
        return "report this with the table: the connector has no setting for it yet"

    def _zone_as_printed(self) -> Iterator[Finding]:
        if self._asker.scout.zone is None:
            with_epoch = sum(call.epoch is not None for call in self._sample.calls)
            zone = self._asker.stream.config.text("timezone") or self._asker.zone
            by = (
                f"{with_epoch} calls whose ids carry their time"
                if with_epoch
                else "calls that come for the second that they print"
            )
            yield Finding("zone", f"its times in {zone}", f"its times in {zone}", evidence=by, severity=OK)

    def _filter_time(self, call: Call, answer: Answer, *, by_end: bool) -> Finding:
        expected = "the start of a call" if self._cursor == "started_at" else "the end of a call"
        found = "the end of a call" if by_end else "the start of a call"
        if found == expected:
            return Finding("filter_time", expected, found, evidence="a call came for its own second", severity=OK)
        return Finding(
            "filter_time",
            f"a filter on {expected}",
            f"filters on {found}",
            evidence="a long call came for the second of its end, not for that of its start",
            effect="what that leaves out at the edges is asked for too",
        )

    def _not_found(self, call: Call) -> Iterator[Finding]:
        """No call comes for its own second: perhaps the last day is left out, perhaps the request is read elsewhere."""
        moment = self._of(call)
        if self._asker.scout.shift:
            return  # the scout has said so
        around = self._asker.try_ask(Period(moment - _MINUTE, moment + _MINUTE))
        if around is not None and call.key in around.keys:
            yield _beside_the_start(self._asker.stream.window.wider >= _MINUTE)
            return
        wider = self._asker.try_ask(Period(moment - _SECOND, moment + _DAY - 2 * _SECOND)) or self._asker.try_ask(
            Period(moment - _SECOND, moment + 2 * _DAY)
        )
        if wider is not None and call.key in wider.keys:
            yield _dates_alone(excludes_the_last=True)
        else:
            yield Finding(
                "filter",
                "a call for the period that it lies in",
                "could not be told: no call came for its own second",
                severity=UNKNOWN,
            )

    def _bounds(self, call: Call, moment: datetime, *, by_end: bool) -> Iterator[Finding]:
        """Two windows that meet at the second of a call."""
        window = self._asker.stream.window
        is_fine = not window.margin or window.granularity < _SECOND
        printed = instant(call.row["ended_at"]) if by_end else call.printed
        exact = printed - self.ahead if printed and is_fine else moment
        behind, before = (
            self._asker.try_ask(Period(exact, exact + _MINUTE), exactly=True),
            self._asker.try_ask(Period(exact - _MINUTE, exact), exactly=True),
        )
        if behind is None or before is None:
            yield Finding("bounds", "two periods that meet at a call", "could not be told", severity=UNKNOWN)
            return
        first, last = call.key in behind.keys, call.key in before.keys
        half_open = not self._asker.stream.window.margin
        expected = _bounds_in_words(first=True, last=not half_open)
        if (first, last) == (True, not half_open):
            yield Finding("bounds", expected, expected, evidence="two periods that meet at a call", severity=OK)
            return
        yield Finding(
            "bounds",
            expected,
            f"takes {_bounds_in_words(first=first, last=last)}",
            evidence="two periods that meet at a call",
            effect="a second more is asked for at each end, so no call is lost",
        )

    def _elsewhere(self) -> Answer | None:
        period = self._sample.period
        return self._asker.try_ask(Period(period.start - _ELSEWHERE, period.end - _ELSEWHERE))


def _dates_alone(*, excludes_the_last: bool = False) -> Finding:
    last = ", and leaves the last one out" if excludes_the_last else ""
    return Finding(
        "filter",
        "calls of the period asked for, to the second",
        f"looks at the dates of the period alone{last}",
        evidence="calls of other hours came for two seconds",
        effect="a call that comes twice goes out once, so none is lost",
    )


def _beside_the_start(is_asked_for: bool) -> Finding:
    return Finding(
        "filter_time",
        "the start of a call",
        "filters on a time less than a minute from the start of a call",
        evidence="a call did not come for its own second, but for the minutes around it",
        effect="a minute more is asked for where a sync begins and ends, so no call is lost"
        if is_asked_for
        else "calls of the first and the last minute of a sync can come with the next one, or with none",
    )


def _bounds_in_words(*, first: bool, last: bool) -> str:
    names = [name for name, taken in (("the first", first), ("the last", last)) if taken]
    return f"calls of {' and '.join(names) or 'neither the first nor the last'} second asked for"
