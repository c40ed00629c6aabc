"""Fields that no normaliser can be made of."""

import pytest

from cdr.normaliser import between, minus, text
from cdr.normaliser.normaliser import Normaliser
from cdr.schema.columns import COLUMNS


@pytest.mark.parametrize("column", ["colour", "agent", "from_country", "record_id", "raw"])
def test_a_field_that_is_no_column_of_the_vendors_to_fill_is_refused(column: str) -> None:
    with pytest.raises(ValueError, match=column):
        Normaliser({column: text("x")}, columns=COLUMNS["call_records"], vendor="voxo", account_id="7")


def test_columns_that_need_each_other_are_refused() -> None:
    fields = {
        "ring_seconds": minus("talk_seconds", "talk_seconds"),
        "talk_seconds": minus("ring_seconds", "ring_seconds"),
    }
    with pytest.raises(ValueError, match="cannot be read from"):
        Normaliser(fields, columns=COLUMNS["call_records"], vendor="voxo", account_id="7")


def test_a_column_that_is_read_from_no_column_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read from colour"):
        Normaliser(
            {"tag": between("colour", "ended_at")}, columns=COLUMNS["call_records"], vendor="voxo", account_id="7"
        )
