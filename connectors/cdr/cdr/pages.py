"""From the bytes of a page to a block of finished rows: one pure function, wherever it runs.

`read_page` takes bytes, a `Plan` and a `Period` and gives a `Block`. It imports no CDK, keeps nothing between calls,
and everything that goes in or comes out can be pickled: a thread may call it, or a worker process.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from io import BytesIO
from typing import Any, NamedTuple

import orjson

from cdr.errors import BodyError, quoted
from cdr.moments import instant
from cdr.normaliser import Normaliser, serialise
from cdr.paginators import Facts, Paginator, Paths, dig, whole
from cdr.windows import Period, timestamp
from cdr.words import words_in

Envelope = Callable[[Any], Any]

# A search for twenty digits in a row, an order of magnitude faster than the regular expression.
_DIGITS_ALIKE = bytes(ord("0" if byte in b"0123456789" else " ") for byte in range(256))
_TWENTY_DIGITS = b"0" * 20


@dataclass(frozen=True)
class Plan:
    """Everything that does not change from page to page of a stream.

    key:     the column that identifies a row
    rows:    a dotted path to the list of rows, or a function from the parsed body to that list
    total:   where the body states how many rows the window has
    failed:  finds a failure in a body that came with a success status
    """

    stream: str
    key: str
    normaliser: Normaliser
    paginator: Paginator
    rows: str | Envelope
    total: Paths = ()
    failed: Callable[[Any], BodyError | None] | None = None


class Frame(NamedTuple):
    """What stands before and behind every row where it is written."""

    head: bytes = b""
    tail: bytes = b""


BARE = Frame()


@dataclass(frozen=True)
class Rows:
    """Canonical rows as JSON, each on a line of its own that ends in a newline. One piece of memory for all of them.

    frame: what already stands around each row
    """

    json: bytes = b""
    count: int = 0
    frame: Frame = BARE

    @classmethod
    def of(cls, lines: Sequence[bytes]) -> Rows:
        """The rows of these lines, which have no newline and no frame."""
        return cls(b"\n".join([*lines, b""]), len(lines)) if lines else cls()

    def lines(self) -> list[bytes]:
        """The JSON of each row, without its frame."""
        lines = self.json.splitlines()
        if not any(self.frame):
            return lines
        start, end = len(self.frame.head), -len(self.frame.tail) or None
        return [line[start:end] for line in lines]

    def framed(self, frame: Frame) -> bytes:
        """All rows, each within a frame: the one that it has, where it has one."""
        if any(self.frame) or not self.count:
            return self.json
        # JSON holds no bare newline: the only ones are those that end the rows.
        between = b"".join((frame.tail, b"\n", frame.head))
        inner = memoryview(self.json.replace(b"\n", between, self.count - 1))
        return b"".join((frame.head, inner[:-1], frame.tail, b"\n"))


@dataclass
class Block:
    """One page, ready to be written.

    ids, inside: one entry a received row: its `record_id`, and whether it lies within the period
    rows:        the rows within the period
    printed:     the time of each row as the vendor printed it, as canonical text, None where it cannot be read: such
                 a row is kept, and other windows may receive it too
    digests:     a digest of each row, 0 where none was asked for
    highest:     the latest time on the page, as the vendor printed it, within the period
    issues:      how many rows have which issue
    """

    facts: Facts
    ids: list[str] = field(default_factory=list)
    inside: list[bool] = field(default_factory=list)
    rows: Rows = Rows()
    printed: list[str | None] = field(default_factory=list)
    digests: list[int] = field(default_factory=list)
    highest: datetime | None = None
    issues: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[bytes | None]:
        """One entry a received row: its line, or None where it lies outside the period."""
        inside = iter(self.rows.lines())
        return [next(inside) if within else None for within in self.inside]


def read_page(body: bytes, plan: Plan, period: Period | None, with_digests: bool = False, frame: Frame = BARE) -> Block:
    """Parse, normalise, cut and serialise one page.

    `period` None keeps every row.
    Raises BodyError where the body is not what the endpoint promises; a row never raises.
    """
    document = parse(body)
    rows = rows_of(document, plan)
    block = Block(plan.paginator.facts(document, len(rows), plan.total))
    # What follows runs for every row: names of its own, not the block's, are the cheaper ones.
    ids, insides, times, digests = block.ids, block.inside, block.printed, block.digests
    read, key, (first, last), highest = plan.normaliser.read, plan.key, _bounds(period), ""
    head, tail = frame.head, frame.tail + b"\n"
    # Not a list of lines: their pieces of memory would be spread over the heap, and outlive the page as holes in it.
    lines = BytesIO()
    write = lines.write
    for vendor_row in rows:
        row, printed = read(vendor_row)
        ids.append(row[key])
        times.append(printed)
        if printed is not None:
            moment = printed[:-1]
            if not first <= moment < last:
                insides.append(False)
                digests.append(0)
                continue
            if moment > highest:  # noqa: PLR1730 (a call of max for every row)
                highest = moment
        insides.append(True)
        digests.append(digest(row) if with_digests else 0)
        write(head)
        write(serialise(row))
        write(tail)
        if row.get("issues"):
            block.issues.update(row["issues"])
    block.highest = instant(f"{highest}Z") if highest else None
    block.rows = Rows(lines.getvalue(), sum(insides), frame)
    return block


def _bounds(period: Period | None) -> tuple[str, str]:
    """The first and last moment of a period as canonical text without its `Z`, which sorts as time does.

    A fraction has no zeros at its end: with one, a text would sort before the same moment with fewer of them.
    """
    if period is None:
        return "", "~"
    return _bound(period.start), _bound(period.end)


def _bound(moment: datetime) -> str:
    text = timestamp(moment)[:-1]
    return text.rstrip("0") if "." in text else text


def digest(row: dict[str, Any]) -> int:
    """A 64-bit digest of a canonical row, the same for as long as the row is.

    A recording's link is signed anew at every read: only whether there is one counts, also where `raw` repeats it.
    """
    url = row.get("recording_url")
    if url is not None:
        row = {**row, "recording_url": True, "recording_expires_at": None}
        if row.get("raw"):
            row["raw"] = {name: True if value == url else value for name, value in row["raw"].items()}
    return int.from_bytes(blake2b(serialise(row), digest_size=8).digest(), "big")


ReadPage = Callable[[bytes, Plan, "Period | None", bool, Frame], Block]
"""`read_page`, or what stands for it."""


def parse(body: bytes) -> Any:
    """The parsed body. Raises BodyError where it is no JSON, because it was cut off or is something else."""
    # orjson reads an integer past 64 bits as a float and refuses lone surrogates; json is slower and keeps both.
    if _TWENTY_DIGITS not in body.translate(_DIGITS_ALIKE):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        first = body.lstrip()[:1]
        if first in (b"{", b"["):
            # Not quoted: what it holds are calls, perhaps with links that open without a password.
            raise BodyError(f"the answer is not complete JSON ({len(body)} bytes: {quoted(str(error), 100)})") from None
        start = quoted(body[:200].decode("utf-8", "replace"), 120) or "(nothing)"
        raise BodyError(f"the answer is no JSON; it starts with: {start}", is_html=first == b"<") from None


def rows_of(document: Any, plan: Plan) -> Sequence[Any]:
    """The rows of a parsed body. Raises BodyError: a body without its list of rows is never "no rows"."""
    failure = plan.failed(document) if plan.failed else None
    if failure is not None:
        raise failure
    rows = plan.rows(document) if callable(plan.rows) else dig(document, plan.rows)
    if isinstance(rows, list):
        return rows
    if rows is None and whole(document, plan.total) == 0:
        return []  # some vendors leave the list out where they state that there is nothing to list
    raise BodyError(f"the answer holds no list of rows{_words(document)}")


def _words(document: Any) -> str:
    if isinstance(document, dict):
        keys = ", ".join(sorted(map(str, document))[:12])
        words = quoted("; ".join(words_in(document, is_error=False)))
        said = f"; it says: {words}" if words else ""
        return f" (an object with the keys {keys or 'none'}){said}"
    return f" (it is {type(document).__name__})"
