"""Aircall Calls, calls. Docs: …."""

from cdr.authenticators import Authenticator, GivenToken
from cdr.config import Config
from cdr.paginators import PageNumber
from cdr.readers import moment, seconds, text
from cdr.stream import CallStream
from cdr.windows import Window


class CallRecords(CallStream):
    """One row per call, as the vendor lists them."""

    vendor = "aircall"
    endpoint = "…"
    rows = "…"
    total = "…"
    cursor = "started_at"

    paginator = PageNumber("…", asks=("…", 100))
    window = Window("…", "…", format="%Y-%m-%d %H:%M:%S", zone="UTC")

    fields = {
        "vendor_record_id": text("…"),
        "started_at": moment("…", "%Y-%m-%d %H:%M:%S", zone="UTC"),
        "duration_seconds": seconds("…"),
        "from_number": text("…"),
        "to_number": text("…"),
    }

    @staticmethod
    def authenticator(config: Config) -> Authenticator:
        return GivenToken(config.group("credentials")["access_token"])
