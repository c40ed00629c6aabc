"""Vonage Business Communications, Reports API, call logs.

Docs: developer.vonage.com/en/vonage-business-cloud/reports/overview.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from cdr.normaliser import Normaliser, choice, decimal, flag, moment, seconds, text
from cdr.vendor import Ask, CallStream, Config, Form, PageNumber, Uncertain, Window, utc_text
from source_vonage_business.authentication import authenticator

_LONGEST_CALL: Final = timedelta(minutes=1440)


class CallRecords(CallStream):
    """Filtered on the start, in UTC, both bounds inclusive; numbered pages; the total is stated."""

    vendor = "vonage_business"
    endpoint = "reports/accounts/{account_id}/call-logs"
    rows = "_embedded.call_logs"
    total = "total_items"
    cursor = "started_at"
    order = "oldest first"
    bare_country_codes = True
    safe_lookback = _LONGEST_CALL

    paginator = PageNumber("page", asks=("page_size", 1000), last=("total_pages", "total_page"), granted="page_size")
    window = Window("start:gte", "start:lte", format="%Y-%m-%d %H:%M:%S", zone="UTC")
    documented = (
        "id in_network:b international:b from:ns to:ns direction length:n start end charge:n rate:n "
        "destination_device_name destination_user_full_name destination_user destination_sip_id "
        "destination_extension:ns source_device_name source_user_full_name source_user custom_tag source_sip_id "
        "source_extension:ns result recorded:b site:o"
    )
    uncertain = (
        Uncertain(
            "path",
            (
                Form("the path reports/accounts/…"),
                Form(
                    "the path reports/v1/accounts/…",
                    lambda _, asked, __: replace(asked, path=asked.path.replace("reports/", "reports/v1/", 1)),
                ),
            ),
            statuses=frozenset({404}),
        ),
        Uncertain(
            "order",
            (Form("the parameter order"), Form("no parameter order", lambda _, asked, __: asked.without("order"))),
            statuses=frozenset({400, 422}),
            naming=("order",),
        ),
    )

    advice = {
        401: "Reports answers so to a user that is no Account Administrator: give the user of `credentials` that role."
    }

    authenticator = staticmethod(authenticator)
    fields = {
        "vendor_record_id": text("id"),
        "started_at": moment("start", "%Y-%m-%d %H:%M:%S"),
        "ended_at": moment("end", "%Y-%m-%d %H:%M:%S"),
        "duration_seconds": seconds("length"),
        "direction": choice(
            "direction", {"inbound": "inbound", "outbound": "outbound", "internal": "internal", "intrapbx": "internal"}
        ),
        "direction_raw": text("direction"),
        "disposition": choice(
            "result",
            {
                **dict.fromkeys(("answered", "completed", "connected"), "answered"),
                **dict.fromkeys(("missed", "no answer", "not answered", "unanswered"), "no_answer"),
                **dict.fromkeys(("rejected", "declined"), "rejected"),
                **dict.fromkeys(("cancelled", "canceled"), "canceled"),
                **{word: word for word in ("busy", "abandoned", "voicemail", "failed")},
            },
        ),
        "disposition_raw": text("result"),
        "from_number": text("from"),
        "from_name": text("source_user_full_name"),
        "from_extension": text("source_extension"),
        "from_user": text("source_user"),
        "to_number": text("to"),
        "to_name": text("destination_user_full_name"),
        "to_extension": text("destination_extension"),
        "to_user": text("destination_user"),
        "answered_by": text("destination_user").where(disposition="answered"),
        "charge_amount": decimal("charge"),
        "is_international": flag("international"),
        "is_on_net": flag("in_network"),
        "is_recorded": flag("recorded"),
        "tag": text("custom_tag"),
    }

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.paginator = replace(self.paginator, asks=("page_size", config.integer("page_size")))

    def normaliser(self, found: str | None = None, asked: str | None = None) -> Normaliser:
        # Filters are UTC; in which zone an account prints its times the reference does not say.
        return super().normaliser(found, asked or self.config.required("timezone"))

    @staticmethod
    def accounts(config: Config, ask: Ask) -> Iterator[Mapping[str, Any]]:
        for account in (config.required("account_id"), *config.texts("further_account_ids")):
            yield {"account_id": account}

    def account_id(self) -> str:
        return self.config.required("account_id")

    def params(self) -> Mapping[str, str]:
        return {"order": "asc"}  # new rows land at the end

    @staticmethod
    def upgraded(state: Mapping[str, Any]) -> dict[str, Any]:
        """Version 0.1.0 counted on the end of a call: what ended then began up to a day earlier."""
        given = CallStream.upgraded(state)
        slices = given.get("slices")
        if not isinstance(slices, list):
            return given
        earlier = [_earlier(one) for one in slices]
        return {**given, "slices": earlier, "synced_until": max((one["end"] for one in earlier), default=None)}


def _earlier(one: Mapping[str, Any]) -> dict[str, Any]:
    end = max(_moment(one["end"]) - _LONGEST_CALL, _moment(one["start"]))
    return {"start": one["start"], "end": utc_text(end)}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
