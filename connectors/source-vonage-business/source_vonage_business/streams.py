"""Vonage Business Communications, Reports API, call logs.

Docs: developer.vonage.com/en/vonage-business-cloud/reports/overview.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from cdr.config import Config
from cdr.normaliser import Normaliser
from cdr.paginators import PageNumber
from cdr.readers import choice, decimal, flag, moment, seconds, text
from cdr.stream import CallStream, Quirk
from cdr.windows import Period, Window
from source_vonage_business.authentication import authenticator

_STARTED = Window("start:gte", "start:lte")


def _before(period: Period) -> Period:
    """When calls that ended in `period` may have started, for servers that insist on `start:` filters."""
    return Period(period.start - timedelta(days=7), period.end)


class CallRecords(CallStream):
    """Filtered on the end, in UTC, both bounds inclusive; numbered pages; the total is stated."""

    vendor = "vonage_business"
    endpoint = "reports/accounts/{account_id}/call-logs"
    rows = "_embedded.call_logs"
    total = "total_items"
    cursor = "ended_at"
    bare_country_codes = True

    paginator = PageNumber("page", size=("page_size", 1000), last=("total_pages", "total_page"), granted="page_size")
    window = Window("end:gte", "end:lte", format="%Y-%m-%d %H:%M:%S", zone="UTC", bounds="inclusive")
    quirks = (
        Quirk(404, "", lambda _, asked, __: replace(asked, path=asked.path.replace("reports/", "reports/v1/", 1))),
        Quirk(400, "order", lambda _, asked, __: asked.without("order")),
        Quirk(400, "start:", lambda _, asked, period: asked.plus(_STARTED.params(_before(period), "UTC"))),
    )

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
        self.paginator = replace(self.paginator, size=("page_size", config.integer("page_size")))

    def normaliser(self) -> Normaliser:
        # Filters are UTC; in which zone an account prints its times the reference does not say.
        return replace(super().normaliser(), zone=self.config.required("timezone"))

    def account_id(self) -> str:
        return self.config.required("account_id")

    def params(self) -> Mapping[str, str]:
        return {"order": "asc"}  # new rows land at the end
