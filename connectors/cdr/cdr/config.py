"""The configuration: checked against the connector's `spec.json` and the rules that a schema cannot say.

Whatever is wrong raises ConfigError with the property's name and never with a secret value.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import pendulum

from cdr.errors import ConfigError
from cdr.privacy import Privacy
from cdr.windows import Period, plain

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_LOOPBACK_NAMES = {"localhost"}


class Config:
    """A valid configuration with the defaults of the specification filled in.

    `raw` is what the platform sent; `on_change` is told when a part of it was replaced, to hand it back.
    """

    on_change: Callable[[Mapping[str, Any]], None] | None = None

    def __init__(self, raw: Mapping[str, Any], specification: Mapping[str, Any]) -> None:
        self.raw = raw
        properties = specification["properties"]
        # A form sends null for a field that was cleared: the same as leaving it out.
        given = {name: value for name, value in raw.items() if value is not None}
        _validate(given, specification)
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
        self._start = self._moment("start_date")
        self._end = self._moment("end_date")
        self._end_is_a_day = len(self.text("end_date") or "") == len("2026-01-31")
        if self._start and self._end and self._start > self._last_moment():
            raise ConfigError("`start_date` lies after `end_date`: no call can be both; change one of them.")

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
        moment: Any = None  # a DateTime, a Date, or what pendulum makes of other texts
        with contextlib.suppress(ValueError):
            moment = pendulum.parse(text, exact=True)
        if isinstance(moment, pendulum.DateTime):
            return plain(moment)
        if isinstance(moment, date):
            return datetime(moment.year, moment.month, moment.day, tzinfo=timezone.utc)
        raise ConfigError(f"`{name}` is no date-time: {text!r}. Write it like 2026-01-31T00:00:00Z or 2026-01-31.")


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
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in _LOOPBACK_NAMES


def _check_zone(name: str, text: str) -> None:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            f"`{name}` is no time zone of the IANA list: {text!r}. Write it like Europe/London."
        ) from None


def _validate(raw: Mapping[str, Any], specification: Mapping[str, Any]) -> None:
    # Imported here: a worker process has no configuration to check.
    from jsonschema import Draft7Validator  # noqa: PLC0415
    from jsonschema.exceptions import relevance  # noqa: PLC0415

    error = next(iter(sorted(Draft7Validator(specification).iter_errors(raw), key=relevance, reverse=True)), None)
    if error is not None:
        raise ConfigError(_sentence(_chosen(error)))


def _chosen(error: ValidationError) -> ValidationError:
    """Of a failed choice, the fault within the variant whose constant the configuration names."""
    if error.validator != "oneOf":
        return error
    variants: dict[Any, list[ValidationError]] = {}
    for fault in error.context or ():
        variants.setdefault(fault.schema_path[0], []).append(fault)
    named = [faults for faults in variants.values() if all(fault.validator != "const" for fault in faults)]
    return named[0][0] if named else error


def _sentence(error: ValidationError) -> str:
    """What is wrong, by the property's name. Never the value: it may be a secret."""
    path = ".".join(map(str, error.absolute_path))
    wanted: Any = error.validator_value
    if error.validator == "required":
        instance = error.instance if isinstance(error.instance, Mapping) else {}
        missing = next((name for name in wanted if name not in instance), "?")
        return f"`{path}.{missing}` is missing." if path else f"`{missing}` is missing."
    reasons = {
        "type": f"must be of type {wanted}",
        "const": f"must be {wanted!r}",
        "enum": f"must be one of {wanted}",
        "minimum": f"must be at least {wanted}",
        "maximum": f"must be at most {wanted}",
        "pattern": f"must look like the pattern {wanted}",
        "minLength": "must not be empty",
        "oneOf": "does not fit any of the choices that the form offers",
    }
    return f"`{path or 'the configuration'}` {reasons.get(str(error.validator), 'breaks the specification')}."
