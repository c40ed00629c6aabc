"""JSON of what fast writers refuse."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdr.normaliser import exact_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON, st.booleans(), st.booleans())
def test_it_writes_what_the_standard_library_writes(value: Any, sort_keys: bool, ensure_ascii: bool) -> None:
    expected = json.dumps(value, sort_keys=sort_keys, ensure_ascii=ensure_ascii, separators=(",", ":"))
    assert exact_json.dumps(value, sort_keys=sort_keys, ensure_ascii=ensure_ascii) == expected


def test_any_depth_is_written() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    assert exact_json.dumps(value) == "[" * 100_001 + "]" * 100_001


def test_what_is_no_json_number_is_null() -> None:
    assert exact_json.dumps([float("nan"), float("inf"), -float("inf")]) == "[null,null,null]"
