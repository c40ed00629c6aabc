"""VOXO, call reports: one bare array, printed in the zone that was asked for, 31 days at most."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import orjson

from simulators.calls import MICRO, Call, stamp
from simulators.engine import Simulator
from simulators.faults import Response
from simulators.front import Route, json, listed
from simulators.numbers import Spelled, columns, spell
from simulators.server import Request
from simulators.tables import Row

_TENANT: Final = 1001
_BILLING_CODE: Final = "B-7001"
_EMAIL: Final = "reports@example.com"
_FORMAT: Final = "%m/%d/%y %H:%M:%S"
_DIRECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "inbound": ("IN",),
    "outbound": ("OUT",),
    "internal": ("INTERNAL", "LOCAL"),
    "other": ("FEATURE",),
}
_DISPOSITIONS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "answered": ("ANSWERED",),
    "no_answer": ("NO ANSWER",),
    "busy": ("BUSY",),
    "rejected": ("REJECTED",),
    "canceled": ("CANCEL",),
    "abandoned": ("ABANDON",),  # not in the mapping's list
    "voicemail": ("VOICEMAIL",),
    "congestion": ("CONGESTION",),
    "failed": ("FAILED",),
    "unknown": ("", "HANGUP"),
}
_KNOWN: Final = set(_DISPOSITIONS) - {"abandoned", "unknown"}
_CARRIERS: Final = ("EXAMPLE TELEPHONE CO.", "Söhne Télécom", None, "")


class Voxo(Simulator):
    """Options: `bounds` says which bounds of a range are inclusive, `partner` what a wide partner request gets."""

    vendor = "voxo"
    routes = (
        Route("POST", "/authentication", "login"),
        Route("POST", "/v2/authentication", "login_v2"),
        Route("GET", "/call-reports", "call_reports", "call_records"),
    )
    default_region = "US"
    defaults: ClassVar[Mapping[str, Any]] = {
        "bounds": "inclusive",  # half_open, exclusive, start_exclusive
        "partner": "cut",  # more than 24 hours partner-wide: cut off without a word, or refuse
        "versions": "both",  # 2: only the second way to log in exists
        "rows_limit": None,  # an answer never holds more rows
        "rows_limit_answer": "cut",  # or fail: what happens to an answer that would
        "token_seconds": 86_400,
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sip_password = self.secret("sip-password")

    def credentials(self, auth: str) -> dict[str, str]:
        given = {"access_token": self.access_token}
        return given if auth == "access_token" else {"email": _EMAIL, "password": self.password}

    def particulars(self) -> dict[str, Any]:
        return {"account": {"account_type": "tenant", "tenant_id": _TENANT}}

    def account(self) -> str:
        return str(_TENANT)

    def rows(self, stream: str) -> Iterator[Row]:
        for at, row, truth in self.published(stream):
            # The vendor prints them in New York's time, as its first sample request asked for.
            yield Row(at, at, 0, row["id"], orjson.dumps(row), truth)
        for call in self.calls():
            at = (call.start + self._slip(call)) * MICRO
            yield Row(at, at, self.visible(call.end), call.uuid4, orjson.dumps(self._printed(call)), call)

    @staticmethod
    def _slip(call: Call) -> int:
        """Seconds that the printed time is off from the epoch in the id: a wrong zone, or no zone at all."""
        return call.pick(1, (-18_000, 3600, 20_700, 400, -75)) if call.chance(2, 1) else 0

    @staticmethod
    def _sides(call: Call) -> tuple[Spelled, Spelled]:
        sides = []
        for slot, number in ((3, call.caller.number), (4, call.callee.number)):
            # Without country code a number is American; one of another country then cannot be read.
            american = number.country == "US"
            style = call.pick(
                slot, ("national", "bare", "plus", "spaced") if american else ("plus", "zeros", "plus", "bare")
            )
            sides.append(spell(number, style))
        return sides[0], sides[1]

    @staticmethod
    def _unique(call: Call) -> str:
        prefix = call.pick(5, ("atl-ast2-", "", "nyc-ast1-"))
        return f"{prefix}{call.start}.{call.ident % 10_000_000}"

    def _flags(self, call: Call) -> tuple[int | None, int | None]:
        return call.pick(6, (0, 1, None)), call.pick(7, (0, None, 1))

    def _quality(self, call: Call) -> tuple[int | float, int | float, int | float]:
        return call.pick(8, (0, 4.4, 5, 3.25, 1)), call.pick(9, (0, 1.25, 0.1)), call.pick(10, (0, 0.5, 2))

    @staticmethod
    def _legs(call: Call) -> tuple[str, str]:
        other = f"atl-ast2-{call.start - 7}.{call.ident % 9_999_991}"
        return call.pick(11, ("", "", other)), call.pick(12, ("", "", other))

    def _printed(self, call: Call) -> dict[str, Any]:
        caller, callee = self._sides(call)
        international, toll_free = self._flags(call)
        mos, jitter, loss = self._quality(call)
        before, after = self._legs(call)
        carrier = call.pick(13, _CARRIERS)
        return {
            "id": call.uuid4,
            "time": _time(call.start + self._slip(call)),
            "callerIdNumber": caller.text if caller.text is not None else "",
            "callerIdName": call.caller.name,
            "dialedNum": callee.text,
            "direction": call.pick(14, _DIRECTIONS[call.direction]),
            "disposition": call.pick(15, _DISPOSITIONS[call.outcome]),
            "duration": call.duration,
            "percentJitter": jitter,
            "packetLoss": loss,
            "qos": 0,
            "uniqueId": self._unique(call),
            "prevUniqueId": before,
            "whoAnswered": (call.callee.user or "") if call.answered else "",
            "recorded": int(call.recorded),
            "queueCall": call.pick(16, (0, 0, 1)),
            **dict.fromkeys(("ocn", "ani", "lata", "city", "rateCenter", "state", "jurisdiction", "local")),
            "lec": carrier,
            "lecType": "CLEC" if carrier else None,
            "spid": None,
            "isTollFree": toll_free,
            "nextUniqueId": after,
            "isInternational": international,
            "presented": 1,
            "mos": mos,
            "callOutcome": call.pick(17, ("", "Hangup", " Transferred ")),
            "afterAnswerDuration": call.talk,
            "outgoingCidNum": call.pick(5, (None, "2025550199")) if call.direction == "outbound" else None,
            "billingId": call.pick(6, (None, 4711, "B-9")),
            "partnerId": None,
            "geolocation": None,
        }

    def expected(self, stream: str, item: Any, region: str | None, **context: Any) -> dict[str, Any]:
        if not isinstance(item, Call):
            return dict(item)
        caller, callee = self._sides(item)
        international, toll_free = self._flags(item)
        mos, jitter, loss = self._quality(item)
        before, after = self._legs(item)
        slip = self._slip(item)
        # A slip of whole quarters of an hour says that the zone was wrong, so the epoch wins; else the time stays.
        start = item.start if slip % 900 == 0 else item.start + slip
        billing = item.pick(6, (None, 4711, "B-9"))
        sides = {**columns("from", caller, region), **columns("to", callee, region)}
        unparsed = "unparsed" in {sides["from_number_kind"], sides["to_number_kind"]}
        return {
            "call_group_id": self._unique(item),
            "previous_leg_id": before or None,
            "next_leg_id": after or None,
            "started_at": stamp(start),
            "answered_at": stamp(start + item.ring) if item.talk else None,
            "ended_at": stamp(start + item.duration),
            "duration_seconds": item.duration,
            "ring_seconds": item.ring,
            "talk_seconds": item.talk,
            "direction": "unknown" if item.direction == "other" else item.direction,
            "direction_raw": item.pick(14, _DIRECTIONS[item.direction]),
            "disposition": item.outcome if item.outcome in _KNOWN else "unknown",
            "disposition_raw": item.pick(15, _DISPOSITIONS[item.outcome]) or None,
            "hangup_cause": (None, "Hangup", "Transferred")[item.pick(17, range(3))],
            **sides,
            "from_name": item.caller.name or None,
            "did_number": callee.text if item.direction == "inbound" else None,
            "presented_number": item.pick(5, (None, "2025550199")) if item.direction == "outbound" else None,
            "answered_by": item.callee.user if item.answered else None,
            "carrier": item.pick(13, _CARRIERS) or None,
            "billed_account": None if billing is None else str(billing),
            "is_international": None if international is None else bool(international),
            "is_toll_free": None if toll_free is None else bool(toll_free),
            "is_queue_call": bool(item.pick(16, (0, 0, 1))),
            "is_recorded": item.recorded,
            "mos": mos or None,
            "jitter_percent": jitter,
            "packet_loss_percent": loss,
            "issues": ["number_unparsed"] * unparsed + ["time_mismatch"] * (slip != 0),
        }

    # --- logging in ---

    def login(self, request: Request, _: Route) -> Response:
        if self.options["versions"] == 2:
            return self.failure(404, "Page not found")
        return self._login(request, {"authentication": {"strategy": "local"}})

    def login_v2(self, request: Request, _: Route) -> Response:
        return self._login(request, {})

    def _login(self, request: Request, reply: dict[str, Any]) -> Response:
        try:
            posted = orjson.loads(request.body)
            right = (posted["email"], posted["password"]) == (_EMAIL, self.password)
        except (ValueError, TypeError, KeyError):
            return self.failure(400, "email and password are required")
        if refusal := self.attempt(request, "login", right=right):
            return refusal
        user = {"id": 1, "email": _EMAIL, "myExtension": {"peerSecret": self.sip_password}}
        return json({"accessToken": self.mint(token=self._json_web_token()), **reply, "user": user}, 201)

    def _json_web_token(self) -> str:
        def coded(part: Mapping[str, Any]) -> str:
            return base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode()

        now = int(time.time())
        claims = {"iat": now, "exp": now + int(self.options["token_seconds"]), "sub": "1"}
        return f"{coded({'alg': 'HS256', 'typ': 'access'})}.{coded(claims)}.{self.secret('signature')}"

    def failure(self, status: int, message: str) -> Response:
        name = {400: "BadRequest", 401: "NotAuthenticated", 403: "Forbidden", 404: "NotFound", 429: "TooManyRequests"}
        body = {"name": name.get(status, "GeneralError"), "message": message, "code": status, "className": "error"}
        return json({**body, "data": {}, "errors": {}}, status)

    def unauthorised(self, style: str = "default") -> Response:
        return self.failure(401, "jwt expired") if style == "default" else super().unauthorised(style)

    def refused_login(self, request: Request, *, locked: bool) -> Response:
        return self.failure(401, "Account locked" if locked else "Invalid login")

    def error_in_200(self) -> Response:
        return Response(200, self.failure(500, "Report could not be made").body)

    # --- call reports ---

    def call_reports(self, request: Request, route: Route) -> Response:
        query = request.query
        known = {"tenantId": str(_TENANT), "billingCode": _BILLING_CODE}
        if any(query.get(name, value) != value for name, value in known.items()):
            return self.failure(404, "No such account")
        try:
            zone = ZoneInfo(query.get("timezone", "America/Chicago"))
            start, end = (
                datetime.strptime(query[name], "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone).astimezone(timezone.utc)
                for name in ("start", "end")
            )
        except (ValueError, OSError, KeyError) as error:
            return self.failure(400, f"Invalid range: {error}")
        wide = end - start > timedelta(hours=24) and not known.keys() & query.keys()
        if end - start > timedelta(days=31) or (wide and self.options["partner"] == "refuse"):
            return self.refuse(request, "the range is wider than 31 days, or than 24 hours partner-wide")
        if wide:
            self.violation(request, "partner-wide and wider than 24 hours: cut off")
            start = end - timedelta(hours=24)
        return self._report(route, int(start.timestamp()), int(end.timestamp()), zone)

    def _report(self, route: Route, low: int, high: int, zone: ZoneInfo) -> Response:
        low += self.options["bounds"] in {"exclusive", "start_exclusive"}
        high -= self.options["bounds"] in {"exclusive", "half_open"}
        found = self.table(route.stream).select(low * MICRO, (high + 1) * MICRO, self.now())[::-1]
        limit = self.options["rows_limit"]
        if limit is not None and len(found) > limit and self.options["rows_limit_answer"] == "fail":
            return self.failure(500, "The report is too large")
        rows = self.page(route, found, 0, limit or max(len(found), 1)).rows
        return json(listed(rows if zone.key == "UTC" else [_printed_in(zone, row) for row in rows]))


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(_FORMAT)


def _printed_in(zone: ZoneInfo, body: bytes) -> bytes:
    row = orjson.loads(body)
    moment = datetime.strptime(row["time"], _FORMAT).replace(tzinfo=timezone.utc)
    return orjson.dumps({**row, "time": moment.astimezone(zone).strftime(_FORMAT)})


VENDOR = Voxo
