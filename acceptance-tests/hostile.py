"""What a person can put into a configuration, a catalogue, a state or a command line, at its worst, and what comes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from folders import properties_of
from tools.maintain import matrix

SECRET = "SECRET-of-the-test"
NEVER = ("Traceback", "nobody foresaw", "Something went wrong", "[0-9]", "[A-Z]", "^http", SECRET)

_LONG = "x" * 5_000
TEXTS = st.sampled_from(
    [
        *(
            "",
            " ",
            "\t\n",
            "\0",
            "\x7f",
            "null",
            "0",
            "-1",
            "UK",
            "ZZ",
            "us",
            "GB ",
            "é",
            "€",
            "😀",
            "\ud800",
            "\u202e",
            "\u017f",
        ),
        *("yesterday", "0001-01-01", "9999-12-31", "2026-02-30", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00+99:99"),
        *("1969-12-31T23:59:59Z", "2101-01-01", " 2026-01-01 ", "2026-W01", "P1D", "12:00", "2026-01-01T00:00:60Z"),
        *(
            "2100-12-31",
            "2026-01-01T00:00:00.123456789Z",
            "\u0662\u0660\u0662\u0666-\u0660\u0661-\u0660\u0661",
            "2026-01-01\n2026-01-01",
            "1970-01-01T00:00:00+14:00",
        ),
        *(
            "https://",
            "https://.",
            "https://a..b",
            f"https://{'a' * 64}.example",
            "https://[::1",
            "https://h:99999",
            "ftp://h",
        ),
        *(
            "https://u:p@h/",
            "https://h/?a=b",
            "https://h:x",
            "https://ex ample",
            "https://\0",
            "https://🦄.example",
            "//h",
        ),
        *(
            "http://127.0.0.1:0",
            "HTTPS://EXAMPLE.COM/",
            "https://%zz",
            "https://[fe80::1%25eth0]/",
            "javascript:alert(1)",
        ),
        *("Bearer x", "Bearer ", "bearer  Bearer y", "a\nb", "a\r\nX-Evil: 1", "a b", "€uro", "Basic eA==", "token\t"),
        *(
            "../../etc/passwd",
            "Europe/London",
            "Mars/Olympus",
            "America",
            "right/UTC",
            "localtime",
            "",
            "UTC0",
            "EST5EDT",
        ),
        *(
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "%s%n{0}{x}",
            "`",
        ),
        *("'; drop table calls; --", "<script>", "${jndi:ldap://x}", _LONG, "[" * 500, "{", "\\", '"', "\u0000\u0001"),
    ]
)
VALUES = st.one_of(
    TEXTS,
    TEXTS,
    st.text(max_size=20),
    st.sampled_from(
        [None, True, False, 0, 1, -1, 1.5, 4.0, -0.0, 1e300, 10**10, 10**12, 10**400, -(10**40), 2**63, [], {}]
    ),
    st.lists(TEXTS | st.integers(), max_size=3),
    st.dictionaries(
        st.sampled_from(["mode", "auth_type", "account_type", "", "__x", "salt", "a.b"]), TEXTS, max_size=3
    ),
)


JSON = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
# What may stand in a file, whatever it should be.
CONTENTS = st.one_of(
    JSON.map(json.dumps).map(str.encode),
    st.binary(max_size=40),
    st.sampled_from(
        [b"", b" \n", b"{", b"NaN", b"[" * 5_000, b'{"a":' * 500 + b"1" + b"}" * 500, b"9" * 5_000, b"\xff\xfe{\0}\0"]
    ),
)
_WORDS = "spec check read discover --config --catalog --state --debug --help= -x -- - \0 €"
WORDS = st.sampled_from(["", *_WORDS.split(" ")]) | TEXTS.filter(lambda text: "\ud800" not in text)


def valid(folder: Path) -> dict[str, Any]:
    """A configuration that breaks no rule, for a host that nothing is sent to."""
    config: dict[str, Any] = {
        "start_date": "2026-06-01",
        "end_date": "2026-06-02",
        "credentials": {"auth_type": "access_token", "access_token": SECRET},
        "api_url": "https://api.example.com/v1",
    }
    if "account_id" in properties_of(folder):
        config["account_id"] = "913874"
    if "account" in properties_of(folder):
        config["account"] = {"account_type": "partner"}
    # Of what else is required, the example that stands there, and the first way to log in.
    for name in matrix.specification(folder)["required"]:
        config.setdefault(name, (properties_of(folder)[name].get("examples") or [None])[0])
    first = properties_of(folder)["credentials"]["oneOf"][0]["properties"]
    if not any(_is_access_token(one) for one in properties_of(folder)["credentials"]["oneOf"]):
        config["credentials"] = {name: part.get("const", SECRET) for name, part in first.items()}
    return config


def _is_access_token(variant: dict[str, Any]) -> bool:
    return variant["properties"]["auth_type"]["const"] == "access_token"


@st.composite
def settings_of(draw: st.DrawFn, folder: Path) -> tuple[dict[str, Any], str, Any]:
    """A valid configuration with one property replaced, that property's path, and the value."""
    config, properties = valid(folder), properties_of(folder)
    name = draw(st.sampled_from([*properties, *(["unknown", "__platform", "num_worker"])]))
    variants = properties.get(name, {}).get("oneOf", ())
    if variants and draw(st.booleans()):
        # A whole variant, one key of it spoilt.
        variant = draw(st.sampled_from(variants))["properties"]
        config[name] = {key: part.get("const", _good(part)) for key, part in variant.items()}
        key = draw(st.sampled_from(sorted(variant)))
        config[name][key] = draw(VALUES)
        return config, f"{name}.{key}", config[name][key]
    config[name] = draw(VALUES)
    return config, name, config[name]


def catalogues_of(folder: Path) -> st.SearchStrategy[Any]:
    """Catalogues with one place replaced, left out or doubled."""
    return st.one_of(JSON, _spoilt(json.loads((folder / "integration_tests/configured_catalog.json").read_text())))


def states_of(folder: Path) -> st.SearchStrategy[Any]:
    """States with one place replaced, left out or doubled, and other forms of them."""
    good = json.loads((folder / "integration_tests/abnormal_state.json").read_text())
    for one in good:
        one["stream"]["stream_state"] = _STATE
    shared = {"type": "GLOBAL", "global": {"shared_state": {"a": 1}, "stream_states": [one["stream"] for one in good]}}
    by_name = {one["stream"]["stream_descriptor"]["name"]: one["stream"]["stream_state"] for one in good}
    forms = [good, [shared], shared, by_name, [{"data": by_name}], {"type": "STATE", "state": good[0]}]
    return st.one_of(JSON, st.sampled_from(forms).flatmap(_spoilt))


# Of a sync that was complete, as the connectors write it.
_STATE = {
    "slices": [{"start": "2026-05-01T00:00:00Z", "end": "2026-06-02T00:00:00Z"}],
    "state_type": "date-range",
    "version": 2,
    "synced_until": "2026-06-02T00:00:00Z",
    "known": "CuN70CjoVA2sGfzmiQIQvqTToJb9EOIi",
    "hours": ["2026-06-01T00:00:00Z", 1, 0, 2],
    "repeated": [],
    "dialect": {},
}


@st.composite
def _spoilt(draw: st.DrawFn, document: Any) -> Any:
    """A copy of a document with one place in it changed."""
    document = json.loads(json.dumps(document))
    node, places = document, draw(st.integers(1, 6))
    for _ in range(places):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and draw(st.booleans()):
            node = node[key]
            continue
        match draw(st.sampled_from(["replace", "remove", "double"])):
            case "replace":
                node[key] = draw(VALUES)
            case "remove":
                del node[key]
            case _ if isinstance(node, list):
                node.append(node[key])
            case _:
                node[f"{key}_"] = node[key]
        break
    return document


def _good(part: Mapping[str, Any]) -> Any:
    return {"integer": 1001, "array": [1001]}.get(part["type"], SECRET)
