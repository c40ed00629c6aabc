"""Links: whatever one holds, the name of its file is safe, and where it leads is known."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdr.http.links import file_name, origin, path_of

ID = "voxo:acme:1"
# The first digits of the SHA-256 of that text, by `sha256sum`.
DIGEST = "f6f32a3485b857d7"


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://rec.example.com/a/b/36672.mp3?token=EXAMPLE", "36672.mp3"),
        ("https://rec.example.com/../../etc/passwd", "passwd"),
        ("https://rec.example.com/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "passwd"),
        ("https://rec.example.com/..", "recording"),
        ("https://rec.example.com/", "rec.example.com"),
        ("https://rec.example.com/a%00b%0a.mp3", "a_b_.mp3"),
        ("https://rec.example.com/C:%5Cboot.ini", "C_boot.ini"),
        ("https://rec.example.com/.hidden", "hidden"),
        ("https://rec.example.com/Zo%C3%AB.wav", "Zo_.wav"),
        (f"https://rec.example.com/{'x' * 500}.mp3", f"{'x' * 96}.mp3"),
        (f"https://rec.example.com/{'x' * 500}", "x" * 100),
    ],
)
def test_a_file_is_named_by_its_recording_and_what_is_harmless_of_its_link(link, name):
    assert file_name(ID, link) == f"{DIGEST}-{name}"


@given(st.text(), st.text())
def test_no_link_makes_a_name_that_leads_elsewhere(identity, link):
    name = file_name(identity, link)
    assert re.fullmatch(r"[0-9a-f]{16}-[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}", name)


def test_two_recordings_behind_the_same_link_have_two_files():
    link = "https://rec.example.com/same.mp3"
    assert file_name("voxo:acme:1", link) != file_name("voxo:acme:2", link)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://rec.example.com/a", ("https", "rec.example.com", 443)),
        ("HTTPS://REC.example.com:443/a", ("https", "rec.example.com", 443)),
        ("http://rec.example.com:8080/a", ("http", "rec.example.com", 8080)),
        ("https://user:secret@rec.example.com/a", ("https", "rec.example.com", 443)),
        ("https://rec.example.com:70000/a", None),
        ("ftp://rec.example.com/a", None),
        ("file:///etc/passwd", None),
        ("/recordings/1.mp3", None),
        ("https://", None),
        ("https://[::1", None),
        ("", None),
    ],
)
def test_an_origin_is_scheme_host_and_port(link, expected):
    assert origin(link) == expected


def test_a_path_is_the_link_without_what_signs_it():
    assert path_of("https://rec.example.com/a.mp3?X-Amz-Signature=1#x") == "https://rec.example.com/a.mp3"
