"""BICS CPaaS, voice calls and recordings.

Docs: https://github.com/mobtexting/docs
"""

from datetime import timedelta
from typing import ClassVar

from cdr.normaliser import choice, clock, decimal, derived, expiry, moment, present, text
from cdr.vendor import Authenticator, Config, Envelope, Form, GivenToken, RecordingFileStream, Stream, Uncertain
from source_bics.answers import Pages, failure_in, rows_of
from source_bics.days import Days

_TOKEN = {"access_token": "{}"}


def hangup_party(word: str | None, direction: str) -> str | None:
    """The side that hung up; our agent is the callee of an inbound call and the caller of an outbound one."""
    return {"inbound": "callee", "outbound": "caller"}.get(direction, "unknown") if word == "agent" else word


class VoiceStream(Stream, abstract=True):
    """Filtered on whole days; 15 rows a page, newest first; three shapes, of which two state a total."""

    vendor = "bics"
    rows: ClassVar[str | Envelope] = rows_of
    total = ("data.total", "meta.total")
    paginator = Pages()
    order = "newest first"
    bare_country_codes = True
    failed = staticmethod(failure_in)
    zones = ("Asia/Singapore", "Asia/Kolkata", "Europe/Brussels", "America/New_York")
    kept = timedelta(days=60)

    @staticmethod
    def forms_of(parameter: str) -> tuple[Uncertain, ...]:
        """The token in a header or as a parameter, which the page of this endpoint calls mandatory; the last day."""
        return (
            Uncertain(
                "token",
                (
                    Form("the token in the header Authorization"),
                    # Not first: an address leaks into the logs of others.
                    Form("the token as the parameter access_token", lambda _, asked, __: asked.plus(_TOKEN)),
                ),
            ),
            Uncertain(
                "range",
                (
                    Form("days up to today, wherever that is"),
                    Form("no day after today in UTC", window=Days(parameter, latest=timedelta(0))),
                ),
                statuses=frozenset({400, 422, 500}),
            ),
        )

    @staticmethod
    def authenticator(config: Config) -> Authenticator:
        return GivenToken(config.group("credentials")["access_token"])


class CallRecords(VoiceStream):
    """Calls by the day on which they ended, in a zone that is not documented."""

    name = "call_records"
    endpoint = "voice/calls"
    cursor = "ended_at"

    documented = (
        "id call_from call_to service bridge status duration billing pulsing charges start_at end_at hangup_by "
        "dtmf location region provider notes audio name user_id:ns agent_id:ns call_id:ns storage:ns serial:ns "
        "created:ns"
    )
    window = Days("datetime[end_at]")
    uncertain = VoiceStream.forms_of("datetime[end_at]")

    fields = {
        "vendor_record_id": text("id"),
        "started_at": moment("start_at", "%Y-%m-%d %H:%M:%S", evidence="id"),
        "ended_at": moment("end_at", "%Y-%m-%d %H:%M:%S"),
        "duration_seconds": clock("duration"),
        "billed_seconds": clock("billing"),
        "direction": choice(
            "service",
            # The last two are how webhooks of this platform call outgoing calls.
            {"in": "inbound", **dict.fromkeys(("out", "c2c", "obd"), "outbound")},
        ),
        "direction_raw": text("service"),
        "disposition": choice(
            "status",
            {
                **dict.fromkeys(("received", "answer", "answered", "completed"), "answered"),
                **dict.fromkeys(("no_answer", "missed"), "no_answer"),
                "busy": "busy",
                "cancel": "canceled",
                "congestion": "congestion",
                **dict.fromkeys(("chanunavail", "failed"), "failed"),
            },
        ),
        "disposition_raw": text("status"),
        "hangup_party": derived(
            hangup_party,
            choice("hangup_by", {word: word for word in ("caller", "callee", "system", "agent")}, absent=None),
            "direction",
        ),
        "from_number": text("call_from"),
        "from_name": text("name").where(direction="inbound"),
        "to_number": text("call_to"),
        "to_name": text("name").where(direction="outbound"),
        "did_number": text("bridge").otherwise(text("call_to").where(direction="inbound")),
        "carrier": text("provider"),
        "charge_amount": decimal("charges"),
        "is_recorded": present("audio", empty=None),  # recordings have a report of their own, and may come later
        "recording_url": text("audio"),
        "recording_expires_at": derived(expiry, text("audio")),
        "notes": text("notes"),
        "dtmf": text("dtmf"),
    }


class Recordings(VoiceStream):
    """Recordings by the day on which they were made; nothing but numbers and time links them to calls."""

    name = "recordings"
    endpoint = "voice/recordings"
    cursor = "created_at"
    primary_key = "recording_id"

    window = Days("datetime[r.created_at]")
    uncertain = VoiceStream.forms_of("datetime[r.created_at]")

    @property
    def lookback(self) -> timedelta:
        # `created_at` may be the start of the recording, which is stored after the call.
        return max(super().lookback, timedelta(minutes=1440))

    fields = {
        "vendor_record_id": text("id"),
        "from_number": text("call_from"),
        "to_number": text("call_to"),
        "recording_url": text("audio"),
        "recording_expires_at": derived(expiry, text("audio")),
        "duration_seconds": clock("duration"),
        "agent": text("agent"),
        "created_at": moment("created_at", "%Y-%m-%d %H:%M:%S", evidence="id"),
    }


class RecordingFiles(RecordingFileStream, Recordings):
    """What the links of `recordings` lead to; each works for an hour."""
