"""A vendor's endpoint as class attributes: what differs between vendors is values, what does not is in `cdr.reading`.

A stream class that lacks an attribute, or names a column that no schema has, fails when it is imported. Instances hold
the configuration and nothing else, so that any number of workers may share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from cdr.normaliser.fields import Fields
from cdr.normaliser.legs import LegNormaliser, Legs
from cdr.normaliser.normaliser import Normaliser
from cdr.normaliser.values import Paths
from cdr.schema.columns import COLUMNS, json_schema
from cdr.schema.errors import BodyError
from cdr.vendor.authenticators import Authenticator
from cdr.vendor.config import Config
from cdr.vendor.dialects import Form, Uncertain
from cdr.vendor.paginators import Paginator
from cdr.vendor.request import Request
from cdr.vendor.windows import Period, Window

Envelope = Callable[[Any], Any]
"""(parsed body) -> the list of its rows."""
Ask = Callable[[Request], Any]
"""(request) -> the parsed answer of the vendor. Raises SyncError."""

_WITHOUT_PAGES = 12 * 1024 * 1024
"""Bytes of an answer where less can be asked for: ten thousand calls have them, and each worker holds one answer."""


class Stream:
    """One endpoint of one vendor.

    name:        the stream's name in the catalogue
    vendor:      the word in the column `vendor`
    endpoint:    path below `api_url`, with `{keys}` of the configuration
    headers:     headers that the vendor wants on every request, beside the authenticator's
    rows:        where the rows are in a body: a dotted path, "" for the body itself, or a function of the body
    total:       where the body states the rows of the window; () where it does not
    account_total: where the body states that the account has calls at all
    legs:        where a record holds its legs, for a stream with a row for each of those; what is paged, filtered and
                 counted are the records
    cursor:      the column that orders the stream; None for a list that is read whole, without windows and state
    paginator, window, fields: see the modules of these names
    primary_key: the column that identifies a row
    bare_country_codes: whether the vendor sends country codes without `+`
    spells_withheld: whether the vendor prints a withheld caller as digits that spell a word on the keys of a telephone
    ends_if_answered: whether calls that nobody answered may have no end, as documented
    uncertain:   what nobody knows of the request, see `Uncertain`
    zones:       zones in which the vendor may print its times instead of the one asked for, likeliest first
    documented:  the keys of a row that the vendor's page has, each with `:` and the kinds of value that it shows: `n`
                 number, `b` boolean, `l` list, `o` object; text where nothing is said. Null is always possible
    most_rows:   the most rows that a request for a period brings over all its pages, however many there are; None where
                 the vendor names no such figure
    kept:        how long the vendor keeps rows, where it says so
    order:       "oldest first" or "newest first": the order of its pages, as asked for or as its samples show it
    safe_lookback: a shorter lookback misses calls that show up when they have ended
    reader:      `module:class` of a window reader of the vendor's own, where rows need more than the stream says; it is
                 imported where windows are read
    has_files:   whether a row can have a file with it
    resets:      the header of a 429 that says when the vendor's minute ends, in seconds or milliseconds since 1970
    missing:     what to tell people where the server answers 404, for a stream that not every server has
    advice:      what to tell people beside the usual words, by the status of a refusal
    """

    name: ClassVar[str]
    vendor: ClassVar[str]
    endpoint: ClassVar[str]
    headers: ClassVar[Mapping[str, str]] = {}
    rows: ClassVar[str | Envelope]
    total: ClassVar[Paths] = ()
    account_total: ClassVar[Paths] = ()
    legs: ClassVar[Legs | None] = None
    cursor: ClassVar[str | None]
    paginator: Paginator
    window: Window = Window("", "")
    fields: ClassVar[Fields]
    primary_key: ClassVar[str] = "record_id"
    bare_country_codes: ClassVar[bool] = False
    spells_withheld: ClassVar[bool] = False
    ends_if_answered: ClassVar[bool] = False
    uncertain: ClassVar[tuple[Uncertain, ...]] = ()
    zones: ClassVar[tuple[str, ...]] = ()
    documented: ClassVar[str] = ""
    most_rows: ClassVar[int | None] = None
    kept: ClassVar[timedelta | None] = None
    order: ClassVar[str | None] = None
    safe_lookback: ClassVar[timedelta] = timedelta(0)
    reader: ClassVar[str] = "cdr.reading.window_reader:WindowReader"
    has_files: ClassVar[bool] = False
    resets: ClassVar[str | None] = None
    missing: ClassVar[str | None] = None
    advice: ClassVar[Mapping[int, str]] = {}

    _required = ("name", "vendor", "endpoint", "rows", "cursor", "paginator", "fields")

    def __init_subclass__(cls, abstract: bool = False) -> None:
        super().__init_subclass__()
        if abstract:
            return
        unsaid = [name for name in cls._required if not hasattr(cls, name)]
        if cls.__dict__.get("cursor") and not cls.window.start:
            unsaid.append("window")
        if unsaid:
            raise TypeError(f"{cls.__name__} does not say: {', '.join(unsaid)}")
        unknown = sorted(set(cls.fields) - set(cls.columns()))
        if unknown:
            raise TypeError(f"{cls.__name__} fills columns that {cls.name} does not have: {', '.join(unknown)}")

    def __init__(self, config: Config) -> None:
        self.config = config

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The columns of the rows that are read, in order."""
        return COLUMNS[cls.name]

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of the rows that go out."""
        return json_schema(cls.name)

    def refusal(self) -> str | None:
        """Why the stream is not read with these settings; None where it is."""
        return None

    @staticmethod
    def authenticator(config: Config) -> Authenticator:
        """How requests are signed. Shared by the streams of a source."""
        raise NotImplementedError

    @staticmethod
    def accounts(config: Config, ask: Ask) -> Iterator[Mapping[str, Any]]:
        """The accounts that the login reads: for each, the settings with which a configuration would name it alone.

        The first one is named before `ask` sends a request. What credentials say stays as it is: there is one login.
        """
        yield {}

    @classmethod
    def may_read_several_accounts(cls) -> bool:
        """Whether a configuration can name more than one. A state then says whose it is."""
        return cls.accounts is not Stream.accounts

    def account_id(self) -> str | None:
        """The account that the rows belong to."""
        return self.config.text("account_name") or self.config.host

    def params(self) -> Mapping[str, str]:
        """Parameters that every request carries beside page and period."""
        return {}

    @staticmethod
    def failed(document: Any) -> BodyError | None:
        """What a body that came with a success status says has failed; None where it has not."""
        return None

    @staticmethod
    def upgraded(state: Mapping[str, Any]) -> dict[str, Any]:
        """A state of version 0.1.0, read as one of today. What it counted of the lookback is of no use any more."""
        return {name: value for name, value in state.items() if name != "lookback"}

    # What follows is the same for every vendor.

    @property
    def zone(self) -> str:
        """The IANA zone of the window, looked up in the configuration where it is `{key}`."""
        zone = self.window.zone
        return self.config.required(zone[1:-1]) if zone.startswith("{") else zone

    @property
    def lookback(self) -> timedelta:
        return timedelta(minutes=self.config.integer("lookback_window_minutes"))

    def request(
        self,
        period: Period | None,
        index: int,
        granted: int | None = None,
        forms: Sequence[Form] = (),
        following: Mapping[str, str] | None = None,
    ) -> Request:
        """The request for page `index` of `period`, in these forms; `granted` as in `Paginator.params`.

        following: what the page before says of this one. Where it repeats a parameter, it is the one that is sent.
        """
        window = next((form.window for form in forms if form.window), self.window)
        zone = next((form.zone for form in forms if form.zone), self.zone)
        period_params = window.params(period, zone) if period else {}
        path = self.endpoint.format_map(self.config.path_values())
        page = self.paginator.params(index, granted)
        can_be_halved = period is not None and not self.paginator.has_pages and period.length > window.smallest
        most = _WITHOUT_PAGES if can_be_halved else None
        request = Request(path, {**self.params(), **period_params, **page, **(following or {})}, self.headers, most)
        for form in forms:
            if form.change is not None:
                request = form.change(self, request, period)
        return request

    def normaliser(self, found: str | None = None, asked: str | None = None) -> Normaliser:
        """What makes canonical rows of the vendor's.

        found: the zone that its times turned out to be printed in; asked: the one asked for, where it is not `zone`
        """
        config = self.config
        region = config.text("default_region")
        kind = Normaliser if self.legs is None else LegNormaliser
        return kind(
            self.fields,
            columns=self.columns(),
            vendor=self.vendor,
            account_id=self.account_id(),
            region=None if region == "ZZ" else region,
            zone=asked or self.zone,
            zone_found=found,
            bare_country_codes=self.bare_country_codes,
            spells_withheld=self.spells_withheld,
            cursor=self.cursor,
            include_raw=config.flag("include_raw"),
            privacy=config.privacy,
            origin=config.origin,
        )


class CallStream(Stream, abstract=True):
    """`call_records`: the stream that every vendor has, in the canonical schema."""

    name = "call_records"
