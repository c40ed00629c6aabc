import gzip
import zlib
from dataclasses import replace

import pytest

from cdr.http.bodies import mended, parse
from cdr.schema.errors import TooLargeError, TransientError
from clients import CALLS, client, in_turn
from scripted import serving

pytestmark = pytest.mark.usefixtures("no_secret_outlives_its_test", "waits")

NAMED = '[{"name": "Zoë"}]'


def answered(*answers):
    with serving(in_turn(*answers)) as server:
        body = client(server).get(CALLS)
        return body, len(server.requests)


def typed(charset, body):
    return 200, {"Content-Type": f"application/json{charset}"}, body


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("", "utf-8"),
        ("; charset=utf-8", "utf-8"),
        ("; charset=ISO-8859-1", "iso-8859-1"),
        ('; Charset="windows-1252"', "windows-1252"),
        ("; charset=UTF-16", "utf-16"),
        ("; charset=ISO-8859-1", "utf-8"),  # valid UTF-8 is UTF-8, whatever the header says
    ],
)
def test_a_body_is_utf_8_whatever_it_was_on_the_way(charset, encoding):
    assert answered(typed(charset, NAMED.encode(encoding))) == (NAMED.encode(), 1)


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=klingon", "; charset=us-ascii", "; charset=hex"])
def test_where_no_charset_helps_the_characters_are_replaced_later(charset):
    body, _ = answered(typed(charset, NAMED.encode("latin-1")))
    (row,), damaged = parse(body)
    assert damaged
    assert mended(row) == ({"name": "Zo\ufffd"}, True)


@pytest.mark.parametrize("status", [204, 205])
def test_no_content_is_null(status):
    assert answered((status, {}, b"")) == (b"null", 1)


@pytest.mark.parametrize(("name", "packed"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_packed_body_is_unpacked(name, packed):
    assert answered((200, {"Content-Encoding": name}, packed(b"[1]"))) == (b"[1]", 1)


def test_a_packed_body_that_is_cut_is_asked_for_again():
    cut = (200, {"Content-Encoding": "gzip", "Content-Length": "900"}, gzip.compress(b"[1]" * 900)[:20])
    assert answered(cut, (200, {}, b"[1]")) == (b"[1]", 2)


def test_a_body_as_large_as_may_be_is_read(monkeypatch):
    monkeypatch.setattr("cdr.http.connections.LARGEST_BODY", 1000)
    assert answered((200, {}, b"1" * 1000)) == (b"1" * 1000, 1)


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, b"1" * 1001),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(b"1" * 1001)),
        (200, {"Content-Length": "40000000000"}, b"1"),
    ],
)
def test_a_larger_body_is_an_error_of_its_own_and_not_asked_for_again(answer, monkeypatch):
    monkeypatch.setattr("cdr.http.connections.LARGEST_BODY", 1000)
    with serving(in_turn(answer, (200, {}, b"[]"))) as server:
        subject = client(server)
        with pytest.raises(TooLargeError, match="too large"):
            subject.get(CALLS)
        assert len(server.requests) == 1
        assert subject.get(CALLS) == b"[]"  # on another connection


def test_a_request_may_say_how_much_of_an_answer_is_read_and_the_next_one_less_or_more():
    with serving(in_turn((200, {}, b"1" * 1001))) as server:
        subject = client(server)
        with pytest.raises(TooLargeError, match="and 1000 are read at once"):
            subject.get(replace(CALLS, most_bytes=1000))
        assert subject.get(replace(CALLS, most_bytes=1001)) == b"1" * 1001
        assert subject.get(CALLS) == b"1" * 1001


def test_memory_is_bounded_however_much_a_small_body_unpacks_to():
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    with serving(in_turn((200, {"Content-Encoding": "gzip"}, bomb))) as server, pytest.raises(TooLargeError):
        client(server).get(CALLS)


def test_of_an_error_without_end_the_beginning_is_enough(monkeypatch):
    monkeypatch.setattr("cdr.http.connections.LARGEST_BODY", 1000)
    with (
        serving(in_turn((500, {}, b"down " * 1000))) as server,
        pytest.raises(TransientError, match=r"500 \(down down"),
    ):
        client(server).get(CALLS)
