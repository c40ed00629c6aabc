"""What every simulated vendor is: rows and the truth about them, pages, the config that reads it, and its faults."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Final
from zlib import crc32

import orjson

from simulators import dialects, faults, recordings, reprint
from simulators.authority import private_authority
from simulators.calls import BLANK, MICRO, Call, generate, micros, stamp
from simulators.faults import Fault, Response
from simulators.paging import Pages
from simulators.recordings import PLACE, RecordingHost
from simulators.server import Request
from simulators.tables import Row

# Calls that began before the period can end in it, and filters ask for a little more than the period.
_BEFORE: Final = timedelta(hours=36)
_AFTER: Final = timedelta(hours=48)
_ISSUES: Final = ("number_unparsed", "time_unreadable", "time_ambiguous", "time_mismatch", "end_before_start")
_DEFAULT: Final = ""

COMMON_OPTIONS: Final[Mapping[str, Any]] = {
    "ms_per_row": 0.0,  # a big answer takes longer
    "token_seconds": None,  # how long a minted token says that it lives, and does
    "token_requests": None,  # how many requests for data a minted token is good for
    "lock_after": 5,  # refused logins until the user is locked
    "rate_limit": None,  # requests in any minute
    "publish_delay_seconds": 0.0,  # from a call's end until its row is served
    "further_accounts": (),  # ids beside that of `config` which the same login sees; the rows are shared out among all
    "refused_accounts": {},  # which of them it refuses, and with what status
    "slow_accounts": {},  # how many milliseconds more an answer for one of them takes
    "published_samples": True,  # whether the vendor's own sample rows are served, at their own dates
    **dialects.OPTIONS,
    **recordings.OPTIONS,
}


@cache
def _published(vendor: str) -> dict[str, Any]:
    """Return a vendor's sample rows as it prints them, and the truth about them, both written by hand; or nothing."""
    path = Path(__file__).with_name(f"{vendor}.published.json")
    content: dict[str, Any] = orjson.loads(path.read_bytes()) if path.exists() else {}
    return content


class Simulator(Pages):
    """A vendor on a loopback port, until it is closed. A vendor's module says what is particular to it."""

    cursors: ClassVar[Mapping[str, str | None]] = {"call_records": "started_at"}
    default_region: ClassVar[str | None] = None
    auths: ClassVar[tuple[str, ...]] = ("access_token", "password")
    defaults: ClassVar[Mapping[str, Any]] = {}
    as_documented: ClassVar[Mapping[str, Any]] = {}
    """Options that make it as awkward as the vendor says it is, where a test would rather not have that."""
    link_marker: ClassVar[str | None] = None
    """What signed links contain and nothing else does."""

    def __init__(
        self,
        *,
        seed: int = 7,
        start: datetime | None = None,
        end: datetime | None = None,
        calls_per_day: float = 120,
        latency_ms: float = 0,
        validate: bool = True,
        tls: bool = False,
        port: int = 0,
        **options: Any,
    ) -> None:
        known = {**COMMON_OPTIONS, **self.defaults}
        if unknown := options.keys() - known.keys():
            raise TypeError(f"{self.vendor} has no option {', '.join(unknown)}: {', '.join(sorted(known))}")
        self.seed = seed
        now = datetime.now(timezone.utc)
        start = start or (end or now).replace(minute=0, second=0, microsecond=0) - timedelta(days=3)
        self.calls_per_day = calls_per_day
        authority = private_authority() if tls else None
        self.ca_certificate = authority.certificate if authority else None
        context = authority.context if authority else None
        super().__init__(
            {**known, **options}, start, end, latency_ms=latency_ms, validate=validate, port=port, tls=context
        )
        self.recordings = RecordingHost(self.options, self.url, self.faults, self._brings_a_token)

    def __enter__(self) -> Simulator:  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        super().close()
        self.recordings.close()

    def _serve(self, request: Request) -> Response:
        """Its own recordings are no part of the vendor's document."""
        return self.recordings.answer(request) if request.path.startswith(PLACE) else super()._serve(request)

    def _brings_a_token(self, request: Request) -> bool:
        return self.alive(self.bearer(request)) is not None

    # --- what a test asks for ---

    def config(self, *, auth: str = "access_token", **over: Any) -> dict[str, Any]:
        """Return a complete connector config for this vendor. A key of `over` that is None is left out."""
        made = {
            "start_date": stamp(int(self.start.timestamp())),
            "end_date": stamp(int(self.end.timestamp())) if self.end else None,
            "api_url": self.api_url,
            "ca_certificate": self.ca_certificate,
            "credentials": {"auth_type": auth, **self.credentials(auth)},
            **self.particulars(),
            **over,
        }
        return {key: value for key, value in made.items() if value is not None}

    def truth(
        self,
        stream: str = "call_records",
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        account_id: str | None = None,
        region: str | None = _DEFAULT,
        **context: Any,
    ) -> list[dict[str, Any]]:
        """Return the canonical rows whose cursor lies in `start` to `end`, both inclusive, late rows among them.

        The cursor counts as the vendor prints it. The defaults are the simulator's period, the account of `config`
        and the vendor's default region. A stream without cursor is returned whole.
        """
        low, high = -(1 << 62), 1 << 62
        if self.cursors[stream] is not None:
            low = int((start or self.start).timestamp() * MICRO)
            high = int((end or self.end or datetime.now(timezone.utc)).timestamp() * MICRO)
        account = self.account() if account_id is None else account_id
        seen_from = self.default_region if region == _DEFAULT else region
        return [
            self.canonical(stream, row, self.expected(stream, row.item, seen_from, **context), account)
            for row in self.of_account(account, self.table(stream).between(low, high))
            if row.visible <= self.now()
        ]

    def fault(self, kind: str, *, at: str = "data", after: int = 0, times: int | None = 1, **options: Any) -> Fault:
        """Switch a fault on: see `simulators.KINDS`. `at` is data, login, any, a stream or a route's name."""
        made = Fault(kind, at, after, times, options)
        if kind == faults.LATE:
            made.options["hidden"] = self._hide(made)
            self.late.append(made)
        return self.faults.add(made)

    def _hide(self, late: Fault) -> list[tuple[str, str]]:
        streams = [late.at] if late.at in self.cursors else [name for name, cursor in self.cursors.items() if cursor]
        hidden = []
        for stream in streams:
            served = [row.id for row in self.table(stream).between(*self.period()) if row.visible <= self.now()]
            chosen = late.options.get("ids", served[:: late.options.get("step", 10)])
            self.table(stream).hide(chosen)
            hidden += [(stream, name) for name in chosen]
        return hidden

    def release_late_rows(self, *, due_only: bool = False) -> None:
        """Serve every row that the fault `late_rows` holds back, or those whose time has come."""
        for late in [late for late in self.late if not due_only or (late.after and late.fired)]:
            self.late.remove(late)
            for stream, name in late.options["hidden"]:
                self.table(stream).show([name])

    @property
    def removed(self) -> set[str]:
        """Vendor ids that the fault `remove_row` took away: a reader may have seen them."""
        return {name for table in self._tables.values() for name in table.removed}

    # --- accounts ---

    def accounts(self) -> list[str]:
        """Return the ids of all accounts that the login sees, that of `config` first."""
        return [self.account(), *map(str, self.options["further_accounts"])]

    def of_account(self, account: str | None, rows: Sequence[Row]) -> Sequence[Row]:
        """Return those rows that are an account's; all of them where there is one only, or None is asked for."""
        known = self.accounts()
        if len(known) == 1 or account is None:
            return rows
        return [row for row in rows if known[crc32(row.id.encode()) % len(known)] == account]

    def refused_account(self, account: str) -> Response | None:
        """Return what is said instead of an account's rows; None where it may be read, soon or after a while."""
        if account not in self.accounts():
            return self.failure(404, "No such account")
        time.sleep(self.options["slow_accounts"].get(account, 0) / 1000)
        status = self.options["refused_accounts"].get(account)
        if status is None:
            return None
        return self.unauthorised() if status == 401 else self.failure(status, "No access to this account")

    # --- what a vendor says of itself ---

    @abstractmethod
    def credentials(self, auth: str) -> dict[str, str]:
        """Return the keys of `credentials` beside `auth_type`."""

    def particulars(self) -> dict[str, Any]:
        """Return the config keys that only this vendor has."""
        return {}

    def account(self) -> str:
        """Return the account id of the rows, for the config of `config`."""
        return "127.0.0.1"

    @abstractmethod
    def expected(self, stream: str, item: Any, region: str | None, **context: Any) -> dict[str, Any]:
        """Return the canonical columns that follow from the item; those that are null or default may be left out."""

    # --- what a vendor builds on ---

    def calls(self) -> Iterator[Call]:
        """Generate the calls of the period, with a margin on both sides."""
        last = (self.end or datetime.now(timezone.utc)) + _AFTER
        return generate(self.vendor, self.seed, self.start - _BEFORE, last, self.calls_per_day)

    def published(self, stream: str) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
        """Yield the vendor's own sample rows: their time in microseconds, the row, and its canonical columns."""
        if self.options["published_samples"]:
            for sample in _published(self.vendor).get(stream, ()):
                yield micros(sample["at"]), sample["row"], sample["truth"]

    def visible(self, end: int) -> float:
        """Return from when on a call that ended then is served."""
        return end + float(self.options["publish_delay_seconds"])

    def canonical(self, stream: str, row: Row, columns: dict[str, Any], account_id: str) -> dict[str, Any]:
        """Complete the columns to a row of the contract."""
        own = {"vendor": self.vendor, "account_id": account_id, "vendor_record_id": row.id}
        found = columns.get("issues", ())
        issues = [issue for issue in _ISSUES if issue in found]
        record_id = f"{self.vendor}:{account_id}:{row.id}"
        if self.options["money"] and columns.get("charge_amount"):
            columns = {**columns, "charge_amount": reprint.charged(columns["charge_amount"], self.options["money"])}
        return {**BLANK, **columns, **own, "record_id": record_id, "raw": orjson.loads(row.body), "issues": issues}
