"""Work is counted, not timed: a change that asks, parses or builds twice as much fails on any machine."""

import importlib
import logging
from collections import Counter
from datetime import datetime, timedelta, timezone

import phonenumbers
import pytest
from airbyte_cdk.models import (
    AirbyteMessage,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)

import simulators
from cdr.airbyte.sync import PageMessage
from cdr.normaliser import phone_numbers
from cdr.normaliser.normaliser import Normaliser
from harness import connectors, vendor
from vendors import known

# A week from Sunday to Saturday, as BICS' windows are.
END = datetime(2026, 6, 27, 23, 59, 59, tzinfo=timezone.utc)
WEEK = {"start": END - timedelta(days=7) + timedelta(seconds=1), "end": END}
A_DAY = 1430


@pytest.fixture
def counts(monkeypatch):
    """How often the costly steps are taken."""
    counted: Counter[str] = Counter()

    def count(owner, name, what):
        original = getattr(owner, name)

        def counting(*arguments, **options):
            counted[what] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, counting)

    monkeypatch.setenv("CDR_WORKERS", "0")
    count(Normaliser, "row", "rows parsed")
    count(phonenumbers, "parse", "numbers parsed")
    count(phonenumbers, "region_code_for_number", "countries found")
    count(phonenumbers, "is_valid_number_for_region", "numbers proven")
    count(phone_numbers, "_country", "numbers held against patterns")
    count(AirbyteMessage, "__init__", "messages built")
    phone_numbers._resolve.cache_clear()
    return counted


@pytest.mark.parametrize("name", connectors())
def test_ten_thousand_rows_cost_no_more_than_they_must(name, counts):
    asked_of = known()[vendor(name)]
    a_day = int(A_DAY * asked_of.busy)
    package = importlib.import_module(name.replace("-", "_"))
    source = getattr(package, package.__all__[0])()
    source.in_pages = True
    logger = logging.getLogger("airbyte")
    with simulators.start(vendor(name), **WEEK, calls_per_day=a_day, validate=False) as sim:
        config = sim.config(num_workers=4)
        stream = source.discover(logger, config).streams[0]
        catalog = ConfiguredAirbyteCatalog(
            streams=[ConfiguredAirbyteStream(stream, SyncMode.incremental, DestinationSyncMode.append)]
        )
        messages = list(source.read(logger, config, catalog))
        truth, requests = sim.truth(), len(sim.requests)
        before, behind = asked_of.beside
        asked = len(sim.truth(start=sim.start - before, end=END + behind))
    rows = len(truth)
    given = sum(message.rows.count for message in messages if isinstance(message, PageMessage))
    # A call that prints a time behind the end goes out where the time in its id lies inside.
    assert 7 * a_day <= rows <= given <= 1.001 * rows
    windows = sum("closed" in message.log.message for message in messages if message.log)
    # Every window, and what is asked for behind the last one, ends with a page that may not be full.
    assert requests <= asked / asked_of.page_rows + windows + 1
    # A few rows on the edges of windows are in two of them.
    assert counts["rows parsed"] <= 1.02 * asked + 3 * windows
    # Twice for a number that is read with a country code first and as a national one after that.
    distinct = len({row[column] for row in truth for column in ("from_number", "to_number")}) * asked / rows
    assert phone_numbers._resolve.cache_info().misses <= distinct
    for step in ("numbers parsed", "countries found", "numbers proven", "numbers held against patterns"):
        assert counts[step] <= 2 * distinct, step
    assert counts["numbers held against patterns"] > 0
    # A page is one message. A window has a state, a line of the log and perhaps an estimate; a stream a dozen more.
    assert counts["messages built"] <= requests + 3 * windows + 12
