"""Twilio, calls of the API version 2010-04-01. Docs: twilio.com/docs/voice/api/call-resource, "Read multiple Calls"."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from cdr.normaliser import between, choice, decimal, derived, rfc2822, seconds, text
from cdr.vendor import Ask, Authenticator, Basic, CallStream, Config, DayWindow, NextLink
from source_twilio_calls.accounts import subaccounts

_APP = "client:"


def user(address: str | None) -> str | None:
    """The name in the address of an app: `client:front.desk`."""
    return address.removeprefix(_APP) or None if address and address.startswith(_APP) else None


class CallRecords(CallStream):
    """Filtered on the start, by whole days in UTC; 1,000 rows a page, newest first; one row a leg; no total."""

    vendor = "twilio"
    endpoint = "2010-04-01/Accounts/{account_sid}/Calls.json"
    rows = "calls"
    cursor = "started_at"
    order = "newest first"
    spells_withheld = True
    ends_if_answered = True

    paginator = NextLink("next_page_uri", asks=("PageSize", 1000))
    # A day more at both ends of a sync: the last one may be excluded, and days counted in another zone than UTC.
    window = DayWindow("StartTime>", "StartTime<", wider=timedelta(days=1))
    documented = (
        "sid date_created date_updated parent_call_sid account_sid to to_formatted from from_formatted "
        "phone_number_sid status start_time end_time duration price price_unit direction answered_by api_version "
        "forwarded_from group_sid caller_name queue_time trunk_sid uri subresource_uris:o"
    )
    advice = {
        401: "An API key goes with its own SID and secret, and reads the account that it was made in.",
        404: "The Account SID may be that of an account which this login does not see.",
    }

    fields = {
        "vendor_record_id": text("sid"),
        "call_group_id": text("parent_call_sid").otherwise(text("sid")),
        # Empty where a call was never dialled.
        "started_at": rfc2822("start_time"),
        # Empty, says the page, where a call did not succeed.
        "ended_at": rfc2822("end_time"),
        "duration_seconds": between("started_at", "ended_at", missing=seconds("duration")),
        # Empty for calls that nobody answered, so what is counted is talk.
        "talk_seconds": seconds("duration"),
        "direction": choice(
            "direction",
            {
                **dict.fromkeys(("inbound", "trunking_originating"), "inbound"),
                **dict.fromkeys(("outbound_api", "outbound_dial", "trunking_terminating"), "outbound"),
            },
        ),
        "direction_raw": text("direction"),
        "disposition": choice(
            "status",
            {
                # A call in progress was answered; one that is queued or ringing has no outcome yet.
                **dict.fromkeys(("completed", "in_progress"), "answered"),
                **{word: word for word in ("busy", "no_answer", "canceled", "failed")},
            },
        ),
        "disposition_raw": text("status"),
        "from_number": text("from"),
        "from_name": text("caller_name"),
        "from_user": derived(user, text("from")),
        "to_number": text("to"),
        "to_user": derived(user, text("to")),
        "did_number": text("to").where(direction="inbound"),
        "presented_number": text("from").where(direction="outbound"),
        "answered_by": text("answered_by"),
        "trunk": text("trunk_sid"),
        "charge_amount": decimal("price", without_minus=True),
        "charge_currency": text("price_unit"),
    }

    @staticmethod
    def accounts(config: Config, ask: Ask) -> Iterator[Mapping[str, Any]]:
        # An account's list holds its own calls only: each subaccount is asked for its own.
        yield {"account_sid": config.required("account_sid")}
        if config.flag("include_subaccounts"):
            yield from ({"account_sid": sid} for sid in subaccounts(ask))

    def account_id(self) -> str:
        return self.config.required("account_sid")

    @staticmethod
    def authenticator(config: Config) -> Authenticator:
        given = config.group("credentials")
        if given["auth_type"] == "api_key":
            return Basic(given["api_key_sid"], given["api_key_secret"])
        return Basic(config.required("account_sid"), given["auth_token"])
