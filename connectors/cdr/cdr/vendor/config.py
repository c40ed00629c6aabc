"""The configuration: checked against the connector's `spec.json` and the rules that a schema cannot say.

Whatever is wrong raises ConfigError with the property's name and never with a secret value.
"""

from __future__ import annotations

import contextlib
import copy
import ipaddress
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import pendulum

from cdr.normaliser.privacy import Privacy
from cdr.schema.errors import ConfigError, quoted
from cdr.vendor.typed_values import secrets_in, tidy, unknown_keys, unknown_sentence
from cdr.vendor.validation import NO_MOMENT, validate
from cdr.vendor.windows import Period, plain, utc_text

_LOOPBACK_NAMES = {"localhost"}
_FIRST = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIRST_TOO_LATE = datetime(2101, 1, 1, tzinfo=timezone.utc)
_NO_REGION: Final = "ZZ"
# What people write for a country, and its code.
_MEANT_REGIONS: Final = {
    "UK": "the United Kingdom is `GB`",
    "EN": "England is in the United Kingdom, `GB`",
    "EL": "Greece is `GR`",
}
# Names in the database of time zones that are no zones of the IANA's list.
_NO_ZONES: Final = ("right/", "posix/", "posixrules", "localtime", "Factory")


class Config:
    """A valid configuration with the defaults of the specification filled in.

    `raw` is what the platform sent; `on_change` is told when a part of it was replaced, to hand it back.
    `secrets` are the texts that no log may show.
    """

    on_change: Callable[[Mapping[str, Any]], None] | None = None

    def __init__(self, raw: Mapping[str, Any], specification: Mapping[str, Any]) -> None:
        if not isinstance(raw, Mapping):
            raise ConfigError("The configuration is no object of settings.")
        self.raw = raw
        properties = specification["properties"]
        unknown = unknown_keys(raw, specification)
        given = tidy({name: value for name, value in raw.items() if name in properties})
        validate(given, specification, unknown)
        self._unknown = unknown_sentence(unknown)
        self.secrets = secrets_in(given, specification)
        defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
        self._values: dict[str, Any] = {**defaults, **given}
        self.api_url = base_url("api_url", self.required("api_url"))
        address = urlsplit(self.api_url)
        self.host = address.hostname or ""
        self.origin = f"{address.scheme}://{address.netloc}"
        if "timezone" in properties:
            _check_zone("timezone", self.required("timezone"))
        if "token_url" in properties:
            base_url("token_url", self.required("token_url"))
        if self._values.get("default_region") == _NO_REGION:
            del self._values["default_region"]
        _check_region("default_region", self.text("default_region"))
        self._start = self._moment("start_date")
        self._end = self._moment("end_date")
        self._end_is_a_day = len(self.text("end_date") or "") == len("2026-01-31")
        if self._start and self._end and self._start > self._last_moment():
            raise ConfigError("`start_date` lies after `end_date`: no call can be both; change one of them.")

    def warnings(self, now: datetime) -> list[str]:
        """What is allowed, and hardly what was meant: one sentence each."""
        warnings = [self._unknown] if self._unknown else []
        if self._start and self._start > now:
            warnings.append(
                f"`start_date` lies in the future: before {utc_text(self._start)} there is nothing to read."
            )
        return warnings

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def text(self, name: str) -> str | None:
        """The trimmed text of a property, None where it is absent or empty."""
        value = self._values.get(name)
        return str(value).strip() or None if value is not None else None

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise ConfigError(f"`{name}` is missing or empty.")
        return value

    def integer(self, name: str) -> int:
        return int(self._values[name])

    def optional_integer(self, name: str) -> int | None:
        value = self._values.get(name)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool:
        return bool(self._values[name])

    def group(self, name: str) -> Mapping[str, Any]:
        """A property that is an object, `{}` where it is absent."""
        value = self._values.get(name)
        return value if isinstance(value, Mapping) else {}

    def texts(self, name: str) -> list[str]:
        """A property that is a list of texts, empty where it is absent."""
        value = self._values.get(name)
        return [str(item) for item in value] if isinstance(value, list) else []

    def with_settings(self, settings: Mapping[str, Any]) -> Config:
        """The same configuration with some settings in place of its own. They are taken as they are."""
        changed = copy.copy(self)
        changed._values = {**self._values, **settings}  # noqa: SLF001 - of a copy of itself
        return changed

    def hand_back(self, path: tuple[str, str], value: str) -> None:
        """Replace one value inside a group of `raw`, and pass the whole on to the platform."""
        group, name = path
        self.raw = {**self.raw, group: {**self.raw[group], name: value}}
        if self.on_change:
            self.on_change(self.raw)

    def path_values(self) -> Mapping[str, str]:
        """Plain values by name, percent-encoded for `{keys}` in paths."""
        return {
            name: quote(str(value), safe="") for name, value in self._values.items() if isinstance(value, str | int)
        }

    @property
    def privacy(self) -> Privacy:
        chosen = self.group("privacy")
        return Privacy(chosen.get("mode", "none"), chosen.get("salt", ""))

    def period(self, now: datetime, granularity: timedelta) -> Period | None:
        """The moments to read in a sync that starts at `now`; None where none of them is closed yet.

        Both configured ends are inclusive, hence one `granularity` more at the end. Time nearer to now than the
        settling delay is still open and is left to the next sync.
        """
        settled = (now - timedelta(seconds=self.integer("settling_delay_seconds"))).replace(microsecond=0)
        end = settled if self._end is None else min(settled, self._first_moment_after(granularity))
        start = self._start or datetime.fromtimestamp(0, timezone.utc)
        return Period(start, end) if start < end else None

    def dates(self, granularity: timedelta) -> tuple[datetime | None, datetime | None]:
        """The first moment of `start_date`, and the first one behind `end_date`; None where it was not given."""
        return self._start, None if self._end is None else self._first_moment_after(granularity)

    def _last_moment(self) -> datetime:
        return self._first_moment_after(timedelta(microseconds=1))

    def _first_moment_after(self, granularity: timedelta) -> datetime:
        """The first tick of the vendor's clock that `end_date` leaves out."""
        if self._end is None:
            return datetime.max.replace(tzinfo=timezone.utc)
        if self._end_is_a_day:
            return self._end + timedelta(days=1)
        midnight = self._end.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + ((self._end - midnight) // granularity + 1) * granularity

    def _moment(self, name: str) -> datetime | None:
        text = self.text(name)
        if text is None:
            return None
        parsed: Any = None  # a DateTime, a Date, or what pendulum makes of other texts
        moment: datetime | None = None
        with contextlib.suppress(ValueError, OverflowError):
            parsed = pendulum.parse(text, exact=True)
            if isinstance(parsed, pendulum.DateTime):
                moment = plain(parsed)
            elif isinstance(parsed, date):
                moment = datetime(parsed.year, parsed.month, parsed.day, tzinfo=timezone.utc)
        if moment is None and not isinstance(parsed, date):
            raise ConfigError(f"`{name}` {NO_MOMENT}")
        # No moment of a date that was read: too near to an end of the calendar for another zone.
        if moment is None or not _FIRST <= moment < _FIRST_TOO_LATE:
            raise ConfigError(f"`{name}` must lie from {_FIRST.year} to {_FIRST_TOO_LATE.year - 1}.")
        return moment


def base_url(name: str, text: str) -> str:
    """`text` without its trailing slash. `https` only, `http` for loopback addresses; no query, no password."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.query or parts.fragment or parts.username is not None or parts.password is not None:
        raise ConfigError(f"`{name}` is not the base address of a server: write it like https://api.example.com/v1.")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ConfigError(f"`{name}` must start with https://: credentials would travel in clear text.")
    if not _is_reachable(text):
        raise ConfigError(f"`{name}` names a host that no network has: write it like https://api.example.com/v1.")
    return text.rstrip("/")


def _is_reachable(address: str) -> bool:
    """Whether a host's name is one that can be looked up."""
    # Imported here: a worker process has no address to check.
    import requests  # noqa: PLC0415

    try:
        sent = requests.Request("GET", address).prepare().url or ""
        return bool((urlsplit(sent).hostname or "").encode("idna"))
    except (requests.RequestException, UnicodeError):  # a part is empty or too long, or holds what no name may
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in _LOOPBACK_NAMES


def _check_zone(name: str, text: str) -> None:
    try:
        ZoneInfo(text)
        is_zone = not text.startswith(_NO_ZONES)
    except (KeyError, ValueError, OSError):
        is_zone = False
    if not is_zone:
        raise ConfigError(
            f"`{name}` is no time zone of the IANA list: {quoted(text, 60)!r}. Write it like Europe/London."
        )


def _check_region(name: str, region: str | None) -> None:
    if region is None:
        return
    # Imported here: a worker process has no configuration to check.
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415

    if region not in SUPPORTED_REGIONS:
        meant = _MEANT_REGIONS.get(region, f"write it like US or GB, and {_NO_REGION} for none")
        raise ConfigError(f"`{name}`: `{region}` is no country code; {meant}.")
