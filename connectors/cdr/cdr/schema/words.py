"""The words of others, fit for a log: what a vendor says in a body, and texts without what signs a link."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_DEEPEST: Final = 8
_MOST_ITEMS: Final = 5
# Keys that hold words for people, the plainest first.
_SAYING: Final = (
    "title",
    "message",
    "msg",
    "errormessage",
    "error_message",
    "error_description",
    "detail",
    "description",
    "faultstring",
    "reason",
    "error",
    "code",
    "name",
)
# Of those, the ones that mean an error wherever they stand. A "name" or a "title" may as well be a caller's.
_CERTAIN: Final = frozenset(_SAYING[1:7]) | {"faultstring", "error"}
_OF_ERRORS: Final = re.compile("err|fault|invalid|problem|fail|exception|violation|detail|reason", re.IGNORECASE)

_PIECE: Final = r"[^\s\"'<>]*"
_QUERY: Final = re.compile(rf"\?[^\s\"'<>?=]*={_PIECE}")
_LINK: Final = re.compile(rf"(https?:\\?/\\?/[^\s\"'<>?#]*)[?#](?!…){_PIECE}", re.IGNORECASE)
_LOGIN: Final = re.compile(r"(?<=://)[^\s/@\"'<>]+@")
_SIGNATURE: Final = re.compile(r"\b(X-Amz-[\w-]+|signature|access_token)=(?!…)[^\s\"'<>&]+", re.IGNORECASE)
_CLOSING: Final = ").,;:]}"


def said_anywhere(document: Any, *, is_error: bool) -> list[str]:
    """What a parsed body says to people, in its order, each text once.

    is_error: whether the whole body is about an error. Where it is not, only what certainly is about one is taken: the
              body may hold calls, and names in them.
    """
    return list(dict.fromkeys(_texts_in(document, is_error, 0)))


def _texts_in(node: Any, is_error: bool, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(node, str) and is_error and node.strip():
        yield node
    elif isinstance(node, list) and is_error:
        for item in node[:_MOST_ITEMS]:
            yield from _texts_in(item, is_error, depth + 1)
    elif isinstance(node, dict):
        yield from _of_object(node, is_error, depth)


def _of_object(node: Mapping[Any, Any], is_error: bool, depth: int) -> Iterator[str]:
    named = {str(key).lower(): value for key, value in node.items()}
    keys = [key for key in _SAYING if _is_word(named.get(key))]
    if not is_error and _CERTAIN.isdisjoint(keys):
        keys = []
    yield from (str(named[key]) for key in keys)
    for key, value in node.items():
        if isinstance(value, dict | list):
            yield from _texts_in(value, is_error or bool(_OF_ERRORS.search(str(key))), depth + 1)
        elif is_error and depth and not keys:
            # Messages by the name of a parameter: {"errors": {"from_date": "is no date"}}.
            yield from _texts_in(value, is_error, depth + 1)


def _is_word(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and bool(str(value).strip()) and value != 0


def without_queries(text: str) -> str:
    """`text` without the query strings of links, and without a login in an address: what signs must not be logged."""
    text = _LOGIN.sub("", text)
    text = _LINK.sub(lambda link: f"{link[1]}?…{_ending(link[0])}", text)
    text = _QUERY.sub(lambda query: f"?…{_ending(query[0])}", text)
    return _SIGNATURE.sub(lambda signed: f"{signed[1]}=…", text)


def _ending(cut: str) -> str:
    """The punctuation of the sentence that stood behind a link."""
    return cut[len(cut.rstrip(_CLOSING)) :]
