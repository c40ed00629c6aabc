"""Ways in which any vendor may differ from what we believe, each an option of its simulator: `--dialect`.

What only one vendor can do stands in the `defaults` of its class. Rows are changed in `reprint.py`, the rest here.
"""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import orjson

from simulators.faults import Response
from simulators.server import Request
from simulators.tables import Row

OPTIONS: Final[Mapping[str, Any]] = {
    # --- requests ---
    "ignores": (),  # names of parameters that it does not look at
    "refuses": (),  # names of parameters that it refuses with 400, by name
    "mistake_status": None,  # answers every mistake with this status, a wrong token included
    "asks_to_wait": None,  # from the third request for data on: 429 with this many seconds in Retry-After
    # --- which rows an answer holds ---
    "ignores_filter": (),  # streams whose filter it does not obey, or True for all
    "rows_cap": None,  # no window ever has more rows, and its total agrees
    "cap_keeps": "newest",  # or oldest
    "ordering": "asked",  # reversed; none: no order at all
    "page_rows": None,  # rows of a page, whatever is asked for
    "pages_from": 1,  # or 0: how pages are counted
    "behind_the_end": "empty",  # last: the last page again; 404
    "total": "filter",  # account: of all its rows; none: not stated
    "growing": 0,  # calls that appear one by one, at every request for a window that they belong to
    "repeated_ids": None,  # near, far: every ninth call has the id of its neighbour, or of one 40 calls before it
    # --- how a row is printed ---
    "printed_zone": None,  # prints its times in this zone, whatever it filters in
    "iso": None,  # T, Z, millis, offset, mixed: how times are printed
    "shift_days": 0,  # every time is printed so many days off
    "early_hours": 0,  # calls of the first four hours of the period are printed so many hours early
    "numbers": None,  # text: numbers and booleans as text; swapped: digits in text as numbers too
    "money": None,  # minus, plus: the sign that amounts have; minor: in hundredths
    "extra_keys": False,  # keys that nobody knows, and all keys in another order
    "bad_byte": False,  # some names hold a byte that is not UTF-8
    "control_character": False,  # some names hold a bare control character
    # --- how an answer is put ---
    "empty": None,  # 204, null, data, failed, 404: how a window without calls is answered
    "wrapped": None,  # a bare list is put into an object under this key
    "trailing_comma": False,
    "encoding": None,  # gzip, deflate
    "byte_order_mark": False,
    "charset": None,  # latin-1: the header says so; latin-1-silent: it does not
}

BAD_BYTE: Final = "@BAD-BYTE@"
CONTROL: Final = "@CONTROL@"
_NO_WORDS: Final = "No records found"
_EVERY: Final = 9
_FAR: Final = 40


class AnsweredError(Exception):
    """The answer is known before the page is made."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wanting = error.object[error.start : error.end]
    return "".join(json.dumps(character)[1:-1] for character in wanting), error.end


codecs.register_error("simulators.json", _escaped)


def without(request: Request, names: Sequence[str]) -> Request:
    """Return the request without the parameters that a vendor does not look at."""
    pairs = [(name, value) for name, value in request.pairs if name not in names]
    return replace(request, target=f"{urlsplit(request.target).path}?{urlencode(pairs)}") if names else request


def repeated(rows: Iterable[Row], how: str | None, key: str) -> list[Row]:
    """Give some calls the id of another one, which stands in the row under that key."""
    found = sorted(rows, key=lambda row: (row.key, row.id))
    back = {None: 0, "near": 1, "far": _FAR}[how]
    for at in range(_FAR, len(found), _EVERY) if back else ():
        one, other = found[at], found[at - back]
        body = {**orjson.loads(one.body), key: orjson.loads(other.body)[key]}
        found[at] = replace(one, id=other.id, body=orjson.dumps(body))
    return found


def capped(found: list[Row], options: Mapping[str, Any]) -> list[Row]:
    """Cut a selection, which is ascending, at the largest number of rows that a window can have."""
    limit = options["rows_cap"]
    if limit is None or len(found) <= limit:
        return found
    return found[-limit:] if options["cap_keeps"] == "newest" else found[:limit]


def ordered(found: Sequence[Row], options: Mapping[str, Any], *, descending: bool) -> Sequence[Row]:
    """Put a selection, which is ascending, into the order that was asked for, or into the vendor's own."""
    match options["ordering"]:
        case "none":
            return sorted(found, key=lambda row: zlib.crc32(row.body))
        case "reversed":
            descending = not descending
    return found[::-1] if descending else found


def no_rows(how: str, failure: Callable[[int, str], Response]) -> Response:
    """Answer a window without calls."""
    match how:
        case "204":
            return Response(204)
        case "null":
            return Response(200, b"null")
        case "data":
            return Response(200, b'{"data":[]}')
        case "404":
            return failure(404, _NO_WORDS)
    return Response(200, orjson.dumps({"success": False, "message": _NO_WORDS}))


def spoken(answer: Response, options: Mapping[str, Any]) -> None:
    """Put an answer that is ready to go out into the form that this vendor gives it."""
    body = answer.body
    if options["wrapped"] and body.startswith(b"["):
        body = b'{"%s":%s}' % (options["wrapped"].encode(), body)
    if options["trailing_comma"] and (at := body.rfind(b"}]")) >= 0:
        body = body[: at + 1] + b"," + body[at + 1 :]
    if options["charset"]:
        body = body.decode().encode("latin-1", "simulators.json")
        said = "; charset=ISO-8859-1" if options["charset"] == "latin-1" else ""
        answer.content_type += said
    body = body.replace(BAD_BYTE.encode(), b"\xe9").replace(CONTROL.encode(), b"\x07")
    if options["byte_order_mark"] and body:
        body = b"\xef\xbb\xbf" + body
    if options["encoding"] and body:
        body = gzip.compress(body) if options["encoding"] == "gzip" else zlib.compress(body)
        answer.headers["Content-Encoding"] = options["encoding"]
    answer.body = body
