"""Privacy: what is left of the people in a row."""

import hmac
import pickle
from typing import Any

import pytest

from cdr.normaliser import choice, free_object, text
from cdr.normaliser.normaliser import Normaliser, serialise
from cdr.normaliser.privacy import Privacy
from cdr.schema.columns import COLUMNS, NOT_PERSONAL, PERSONAL_FREE_TEXT, PERSONAL_NUMBERS, PERSONAL_PEOPLE

SALT = "pepper-and-salt"
HASH = Privacy("hash", SALT)
PERSONAL = PERSONAL_NUMBERS | PERSONAL_PEOPLE | PERSONAL_FREE_TEXT
FILLED_BY_THE_NORMALISER = {"from_number_e164", "to_number_e164", "raw"}


def digest(message: str, salt: str = SALT) -> str:
    return hmac.new(salt.encode(), message.encode(), "sha256").hexdigest()


def read(privacy: Privacy, stream: str = "call_records", **vendor_row: Any) -> dict[str, Any]:
    fields = {
        column: free_object(column) if column == "filter" else text(column)
        for column in COLUMNS[stream]
        if column in PERSONAL - FILLED_BY_THE_NORMALISER or column in ("vendor_record_id", "id", "trunk")
    }
    if stream == "call_records":
        fields["direction"] = choice("direction", {"in": "inbound"})
    plan = Normaliser(
        fields,
        columns=COLUMNS[stream],
        vendor="bics",
        account_id="a",
        region="GB",
        bare_country_codes=True,
        privacy=privacy,
    )
    return plan.row({"vendor_record_id": "1", "id": "1"} | vendor_row)


def test_a_phone_is_the_same_hash_however_and_wherever_it_is_written() -> None:
    row = read(
        HASH,
        from_number="020 7946 0123",
        to_number="442079460123",
        did_number="+44 20 7946 0123",
        presented_number="00442079460123",
        forwarded_to=442079460123,
        answered_by="+442079460123",
    )
    numbers = [row[column] for column in sorted(PERSONAL_NUMBERS)]
    assert set(numbers) == {digest("+442079460123")}
    assert (row["from_number_kind"], row["from_country"]) == ("e164", "GB")


def test_what_is_no_valid_number_is_hashed_as_sent() -> None:
    row = read(HASH, from_number=" 101 ", to_number="01632 960123", answered_by="Bea Example")
    assert row["from_number"] == digest("101")
    assert row["to_number"] == digest("01632 960123")
    assert row["answered_by"] == digest("Bea Example")
    assert row["from_number_e164"] is row["to_number_e164"] is row["did_number"] is None


def test_another_salt_is_another_hash() -> None:
    hashes = {read(Privacy("hash", salt), from_number="101")["from_number"] for salt in ("a" * 8, "b" * 8)}
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("sent", "masked"),
    [
        ("442079460123", "+44********23"),
        ("12025550123", "+1********23"),
        ("80012345678", "+800******78"),
        ("101", None),
        ("01632960123", None),
        ("Bea Example", None),
    ],
)
def test_a_mask_shows_the_country_and_two_digits_of_a_valid_number(sent: str, masked: str | None) -> None:
    row = read(Privacy("mask"), from_number=sent, did_number=sent, answered_by=sent)
    assert row["from_number"] == row["from_number_e164"] == row["did_number"] == row["answered_by"] == masked


@pytest.mark.parametrize("mode", ["hash", "mask", "drop"])
@pytest.mark.parametrize("stream", ["call_records", "recordings", "call_reports", "completed_call_reports"])
def test_nothing_personal_is_left(mode: Any, stream: str) -> None:
    columns = [column for column in COLUMNS[stream] if column in PERSONAL - FILLED_BY_THE_NORMALISER]
    sent = {column: f"secret-{column}" for column in columns} | {"filter": {"to_value": "secret-filter"}}
    written = serialise(read(Privacy(mode, SALT), stream, **sent))
    assert b"secret" not in written
    assert SALT.encode() not in written
    row = read(Privacy(mode, SALT), stream, **sent)
    for column in columns:
        hashed = mode == "hash" and column not in PERSONAL_FREE_TEXT
        assert row[column] == (digest(f"secret-{column}") if hashed else None)
    assert row.get("raw") is None


@pytest.mark.parametrize("mode", ["none", "hash", "mask", "drop"])
def test_what_is_not_personal_stays(mode: Any) -> None:
    sent = {"from_number": "442079460123", "to_number": "101", "trunk": "T", "direction": "in"}
    row, open_row = read(Privacy(mode, SALT), **sent), read(Privacy(), **sent)
    for column in NOT_PERSONAL & set(row):
        assert row[column] == open_row[column]
    assert row["to_number_kind"] == "extension"


def test_none_leaves_everything() -> None:
    row = read(Privacy(), notes="n", from_number="101")
    assert (row["notes"], row["from_number"], row["raw"]["notes"]) == ("n", "101", "n")


def test_the_salt_is_never_shown() -> None:
    assert SALT not in repr(HASH)
    assert SALT not in str(HASH)
    assert pickle.loads(pickle.dumps(HASH)) == HASH  # noqa: S301


def test_a_normaliser_does_not_show_the_salt() -> None:
    plan = Normaliser({}, columns=COLUMNS["call_records"], vendor="bics", account_id="a", privacy=HASH)
    assert SALT not in repr(plan)


@pytest.mark.parametrize(("mode", "salt"), [("hash", ""), ("sha1", SALT)])
def test_what_would_not_protect_is_refused(mode: Any, salt: str) -> None:
    with pytest.raises(ValueError, match="privacy mode") as refused:
        Privacy(mode, salt)
    assert SALT not in str(refused.value)
