"""From the bytes of a body to its list of rows, for whatever shape a vendor gives it. Imports no CDK.

A body that is damaged in a few characters is repaired, so that only the rows that hold them are affected. A body that
says that it failed has failed, unless its words are those of an empty answer. What is not known stays an error.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from typing import Any

import orjson

from cdr.normaliser.values import Paths, integer_at, value_at
from cdr.schema.errors import BodyError, quoted
from cdr.schema.words import said_anywhere
from cdr.vendor.outcomes import failure_in, says_nothing_found

Rows = str | Callable[[Any], Any]
Failed = Callable[[Any], BodyError | None] | None

# A search for twenty digits in a row, an order of magnitude faster than the regular expression.
_DIGITS_ALIKE = bytes(ord("0" if byte in b"0123456789" else " ") for byte in range(256))
_TWENTY_DIGITS = b"0" * 20

# What stands for one unreadable byte while a body is parsed. Unicode promises that no text holds these two characters.
_MARK = "\ufdd0\ufdd1"
_REPLACEMENT = "\ufffd"
_LAST_COMMA = re.compile(r",([ \t\r\n]*\][ \t\r\n]*\Z)")
# A text of JSON, also one that never ends; or the comma behind the last member, which JSON does not allow.
_TEXT_OR_LAST_COMMA = re.compile(r'"[^"\\]*(?:\\.?[^"\\]*)*(?:"|\Z)|,(?=[ \t\r\n]*[\]}])', re.DOTALL)
# Within a text: an escape that JSON knows (kept), a backslash that begins none, or a bare control character.
_ESCAPE_OR_DAMAGE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\|[\x00-\x1f]')

_USUAL_LISTS = ("data", "rows", "items", "records", "results", "result", "calls", "call_logs", "cdrs")
_NO_LISTS_OF_ROWS = ("errors", "warnings", "messages", "links", "details", "invalid_parameters")


def parse(body: bytes) -> tuple[Any, bool]:
    """The parsed body, and whether characters had to be repaired: then `mended` tells which rows held them.

    Raises BodyError where it is no JSON, because it was cut off or is something else.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    # orjson reads an integer past 64 bits as a float and refuses lone surrogates; json is slower and keeps both.
    read = _exactly if _TWENTY_DIGITS in body.translate(_DIGITS_ALIKE) else _fast
    try:
        return read(body), False
    except (ValueError, RecursionError):
        # The usual damage needs no search through the texts: bytes that are not UTF-8, a comma behind the last row.
        text = _LAST_COMMA.sub(r" \1", body.decode("utf-8", "cdr.mark"))
    try:
        return read(text), _MARK in text
    except (ValueError, RecursionError):
        text = _TEXT_OR_LAST_COMMA.sub(_repaired, text)
    try:
        return read(text), _MARK in text
    except (ValueError, RecursionError) as error:
        raise _no_json(body, text, error) from None


def _exactly(body: bytes | str) -> Any:
    return json.loads(body)


def _fast(body: bytes | str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)


def _mark(error: UnicodeError) -> tuple[str, int]:
    """A mark for each byte that cannot be read, so that places in the text can be told as places in the body."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _MARK * (error.end - error.start), error.end


codecs.register_error("cdr.mark", _mark)


def _repaired(piece: re.Match[str]) -> str:
    """A text with a mark for each character that JSON does not allow, or a space for the comma that it does not."""
    text = piece.group()
    return " " if text == "," else _ESCAPE_OR_DAMAGE.sub(_repaired_character, text)


def _repaired_character(found: re.Match[str]) -> str:
    return found.group() if len(found.group()) > 1 else _MARK


def _no_json(body: bytes, text: str, error: Exception) -> BodyError:
    first = body.lstrip()[:1]
    if first not in (b"{", b"["):
        start = quoted(body[:200].decode("utf-8", "replace"), 120) or "(nothing)"
        return BodyError(f"the answer is no JSON; it starts with: {start}", is_html=first == b"<")
    # Not quoted: what it holds are calls, perhaps with links that open without a password.
    if not isinstance(error, json.JSONDecodeError):
        return BodyError(f"the answer is not complete JSON ({len(body)} bytes, nested too deeply to be read)")
    place = len(text[: error.pos].replace(_MARK, "?").encode("utf-8", "replace"))
    reason = quoted(error.msg, 100)
    return BodyError(f"the answer is not complete JSON: it breaks at byte {place} of {len(body)} ({reason})")


def mended(value: Any) -> tuple[Any, bool]:
    """One row of a repaired body, changed in place: with replacement characters, and whether this row held damage.

    The row that did has the issue `value_unreadable`.
    """
    top = [value]
    waiting: list[Any] = [top]
    damaged = False
    # No recursion: a row may be nested as deeply as its vendor likes.
    while waiting:
        box = waiting.pop()
        if isinstance(box, dict):
            if any(_MARK in key for key in box):
                damaged = True
                members = [(_plain(key), member) for key, member in box.items()]
                box.clear()
                box.update(members)
            places: Any = box.items()
        else:
            places = enumerate(box)
        for place, member in list(places):
            if isinstance(member, str) and _MARK in member:
                damaged = True
                box[place] = _plain(member)
            elif isinstance(member, dict | list):
                waiting.append(member)
    return top[0], damaged


def _plain(text: str) -> str:
    return text.replace(_MARK, _REPLACEMENT)


def rows_of(document: Any, rows: Rows, total: Paths = (), failed: Failed = None) -> list[Any]:
    """The rows of a parsed body. Raises BodyError: a body without its list of rows is never "no rows".

    rows:   a dotted path to the list, "" for the body itself, or a function from the body to the list
    total:  where the body states how many rows the window has
    failed: finds the vendor's own way to say, with a success status, that it failed
    """
    if document is None:
        return []
    failure = failed(document) if failed else None
    found, misfit = (None, None) if failure else _listed(document, rows)
    failure = failure or failure_in(document, has_rows=bool(found))
    if failure is not None and (found or not says_nothing_found(document)):
        raise failure
    if found is not None:
        return found
    # Some vendors leave the list out where they state that there is nothing to list, or say so in words.
    if integer_at(document, total) == 0 or says_nothing_found(document):
        return []
    if integer_at(document, total) is None and _usual_empty(document):
        return []
    raise misfit or BodyError(f"the answer holds no list of rows{_described(document)}")


def _listed(document: Any, rows: Rows) -> tuple[list[Any] | None, BodyError | None]:
    """The list of rows, None where there is none, and what a function that looked for it said."""
    misfit = None
    try:
        found = rows(document) if callable(rows) else value_at(document, rows)
    except BodyError as error:
        found, misfit = None, error
    if isinstance(found, list):
        return found, None
    if isinstance(found, dict) and (found or rows) and all(key.isascii() and key.isdigit() for key in found):
        # PHP prints a list whose indexes have a gap as an object.
        return [found[key] for key in sorted(found, key=int)], None
    return (_wrapped(found) if rows == "" else None), misfit


def _wrapped(document: Any) -> list[Any] | None:
    """The rows within an object that stands around a list documented as bare."""
    if not isinstance(document, dict):
        return None
    lists = {
        key: value
        for key, value in document.items()
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value)
    }
    usual = [value for key, value in lists.items() if key in _USUAL_LISTS]
    others = [value for key, value in lists.items() if key not in _NO_LISTS_OF_ROWS]
    return next((found[0] for found in (usual, others) if len(found) == 1), None)


def _usual_empty(document: Any) -> bool:
    """Whether an object holds exactly one list under a usual name, and it is empty."""
    lists = (
        [document[key] for key in _USUAL_LISTS if isinstance(document.get(key), list)]
        if isinstance(document, dict)
        else []
    )
    return lists == [[]]


def _described(document: Any) -> str:
    if not isinstance(document, dict):
        return f" (it is {type(document).__name__})"
    keys = _plain(", ".join(sorted(document)[:12]))
    words = quoted(_plain("; ".join(said_anywhere(document, is_error=False))))
    return f" (an object with the keys {keys or 'none'}){f'; it says: {words}' if words else ''}"
