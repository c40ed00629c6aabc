"""${title}, calls. Docs: …."""

from cdr.normaliser import moment, seconds, text
from cdr.vendor import Authenticator, CallStream, Config, GivenToken, PageNumber, Window


class CallRecords(CallStream):
    """One row per call, as the vendor lists them."""

    vendor = "${vendor}"
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
