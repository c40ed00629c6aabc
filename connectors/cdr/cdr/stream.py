"""A vendor's endpoint as class attributes: what differs between vendors is values, what does not is in `reading.py`.

A stream class that lacks an attribute, or names a column that no schema has, fails when it is imported. Instances hold
the configuration and nothing else, so that any number of workers may share one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from cdr.authenticators import Authenticator
from cdr.config import Config
from cdr.errors import BodyError
from cdr.normaliser import Normaliser
from cdr.pages import Envelope, Plan
from cdr.paginators import Paginator, Paths
from cdr.readers import Fields
from cdr.record import COLUMNS
from cdr.windows import Period, Window

if TYPE_CHECKING:
    from cdr.reading import WindowReader


@dataclass(frozen=True)
class Request:
    """One GET: a path below `api_url`, its query parameters, and headers beside those of the authenticator."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def plus(self, params: Mapping[str, str]) -> Request:
        return replace(self, params={**self.params, **params})

    def without(self, *names: str) -> Request:
        return replace(self, params={name: value for name, value in self.params.items() if name not in names})


@dataclass(frozen=True)
class Quirk:
    """Another form of a request, for servers that refuse the first: tried once, kept for the sync where it works.

    status, naming:  the refusal it answers: an HTTP status, and a word that its body must hold
    change:          the request to send instead, from the stream, the refused request and the period it asks for
    """

    status: int
    naming: str
    change: Callable[[Stream, Request, Period], Request]


class Stream:
    """One endpoint of one vendor.

    name:        the stream's name in the catalogue
    vendor:      the word in the column `vendor`
    endpoint:    path below `api_url`, with `{keys}` of the configuration
    headers:     headers that the vendor wants on every request, beside the authenticator's
    rows:        where the rows are in a body: a dotted path, "" for the body itself, or a function of the body
    total:       where the body states the rows of the window; () where it does not
    cursor:      the column that orders the stream and decides which window a row belongs to; None for a list that is
                 read whole, without windows and without state
    paginator, window, fields: see the modules of these names
    primary_key: the column that identifies a row
    bare_country_codes: whether the vendor sends country codes without `+`
    quirks:      other forms of the request, see `Quirk`
    missing:     what to tell people where the server answers 404, for a stream that not every server has
    """

    name: ClassVar[str]
    vendor: ClassVar[str]
    endpoint: ClassVar[str]
    headers: ClassVar[Mapping[str, str]] = {}
    rows: ClassVar[str | Envelope]
    total: ClassVar[Paths] = ()
    cursor: ClassVar[str | None]
    paginator: Paginator
    window: Window = Window("", "")
    fields: ClassVar[Fields]
    primary_key: ClassVar[str] = "record_id"
    bare_country_codes: ClassVar[bool] = False
    quirks: ClassVar[tuple[Quirk, ...]] = ()
    missing: ClassVar[str | None] = None

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
        unknown = sorted(set(cls.fields) - set(COLUMNS[cls.name]))
        if unknown:
            raise TypeError(f"{cls.__name__} fills columns that {cls.name} does not have: {', '.join(unknown)}")

    def __init__(self, config: Config) -> None:
        self.config = config

    @staticmethod
    def authenticator(config: Config) -> Authenticator:
        """How requests are signed. Shared by the streams of a source."""
        raise NotImplementedError

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

    @classmethod
    def reader(cls) -> type[WindowReader]:
        """What reads the windows of this stream."""
        from cdr.reading import WindowReader  # noqa: PLC0415 - the reader needs the streams' types

        return WindowReader

    # What follows is the same for every vendor.

    @property
    def zone(self) -> str:
        """The IANA zone of the window, looked up in the configuration where it is `{key}`."""
        zone = self.window.zone
        return self.config.required(zone[1:-1]) if zone.startswith("{") else zone

    @property
    def lookback(self) -> timedelta:
        return timedelta(minutes=self.config.integer("lookback_window_minutes"))

    def request(self, period: Period | None, index: int) -> Request:
        """The request for page `index` of `period`."""
        period_params = self.window.params(period, self.zone) if period else {}
        path = self.endpoint.format_map(self.config.path_values())
        return Request(path, {**self.params(), **period_params, **self.paginator.params(index)}, self.headers)

    def normaliser(self) -> Normaliser:
        config = self.config
        return Normaliser(
            self.fields,
            columns=COLUMNS[self.name],
            vendor=self.vendor,
            account_id=self.account_id(),
            region=config.text("default_region"),
            zone=self.zone,
            bare_country_codes=self.bare_country_codes,
            cut=self.cursor,
            include_raw=config.flag("include_raw"),
            privacy=config.privacy,
            origin=config.origin,
        )

    def plan(self) -> Plan:
        """The unchanging half of `read_page`."""
        # Taken from the class: a plan travels to worker processes, and the instance knows the credentials.
        cls = type(self)
        return Plan(cls.name, cls.primary_key, self.normaliser(), self.paginator, cls.rows, cls.total, cls.failed)


class CallStream(Stream, abstract=True):
    """`call_records`: the stream that every vendor has, in the canonical schema."""

    name = "call_records"
