"""What every contender is asked to do, and our normaliser for those that do the same job as we do."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone

from cdr.normaliser.normaliser import Normaliser
from cdr.schema.columns import COLUMNS
from source_vonage_business.streams import CallRecords

ACCOUNT = "913874"
PATH = f"reports/accounts/{ACCOUNT}/call-logs"
FORMAT = "%Y-%m-%d %H:%M:%S"
FIRST_DAY = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Job:
    """One reading of a dataset.

    url:       where the vendor's paths begin
    days:      from `FIRST_DAY`
    workers:   how much may be read at once, where the contender can
    same:      whether to normalise
    folder:    for the contender's own files
    """

    url: str
    days: int
    workers: int
    same: bool
    folder: str

    @classmethod
    def given(cls) -> Job:
        """Return the job on the command line."""
        return cls(**json.loads(sys.argv[1]))

    def text(self) -> str:
        """Return the job for a command line."""
        return json.dumps(asdict(self))

    @property
    def start(self) -> str:
        """The first second, as the vendor's filter wants it."""
        return FIRST_DAY.strftime(FORMAT)

    @property
    def end(self) -> str:
        """The last second."""
        return (FIRST_DAY + timedelta(days=self.days, seconds=-1)).strftime(FORMAT)

    def day(self, index: int) -> tuple[str, str]:
        """Return the first and the last second of one day."""
        start = FIRST_DAY + timedelta(days=index)
        return start.strftime(FORMAT), (start + timedelta(days=1, seconds=-1)).strftime(FORMAT)


def normaliser() -> Normaliser:
    """Return the normaliser that our connector makes of its default configuration."""
    return Normaliser(
        CallRecords.fields,
        columns=COLUMNS[CallRecords.name],
        vendor=CallRecords.vendor,
        account_id=ACCOUNT,
        bare_country_codes=CallRecords.bare_country_codes,
        cursor=CallRecords.cursor,
    )
