"""What a run of the benchmark comes to: figures, aims, tables, and which part of it runs."""

import pytest

from benchmarks import aims, costs, figures, results
from benchmarks.figures import Outcome, Spread
from benchmarks.measure import Cost
from benchmarks.plan import CASES, chosen


def full_report(seconds=1.0):
    cost = Cost(code=0, seconds=seconds, cpu=1.0, main_mib=100.0, helper_mib=50.0, helpers=1, state=2_048)
    return [Outcome(case, {entry.name: [cost, cost] for entry in case.entries}) for case in CASES]


def test_every_aim_is_measured_by_a_full_run():
    by_name = {outcome.case.name: outcome for outcome in full_report()}
    assert all(aim.measure(by_name[aim.case]) is not None for aim in aims.AIMS)


def test_results_say_what_was_missed():
    text = results.document(full_report(), "a machine", 2, "costs")
    one = "1.00 (1.00 to 1.00)"
    assert f"times dlt with parallel days, not normalising | at least 2 | {one} | **missed** |" in text
    assert (
        f"| size: the last state at 2,000,000 rows, as a part of what it may take | at most 1 | {one} | yes |" in text
    )
    assert f"| 0 ms, same job: times dlt | no aim | {one} |  |" in text
    assert "- `import airbyte_cdk` took 1.00 s; 1.0 s where the aims were set" in text


def test_part_of_a_run_is_chosen_by_case_and_contender():
    (case,) = chosen(["vonage-0ms"], ["ours", "dlt"], 1_000)
    assert [entry.name for entry in case.entries] == [
        "ours",
        "dlt, normalising",
        "dlt, not compressed, normalising",
        "dlt",
        "dlt, not compressed",
    ]
    assert {entry.dataset.rows for entry in case.entries} == {1_000}
    with pytest.raises(ValueError, match="no case nothing"):
        chosen(["nothing"], [], None)


def test_one_more_size_is_asked_for_by_hand_and_read_once():
    (case,) = chosen(["size"], [], None, [10_000_000])
    assert [entry.dataset.rows for entry in case.entries] == [20_000, 200_000, 2_000_000, 10_000_000]
    assert [entry.rounds for entry in case.entries] == [0, 0, 0, 1]


def test_start_up_is_left_out_for_every_side():
    (entry,) = (entry for case in CASES for entry in case.entries if entry.name == "dlt" and case.name == "vonage-0ms")
    cost = Cost(0, seconds=3.0, cpu=2.5, main_mib=1, helper_mib=0, helpers=0, start_seconds=1.0, start_cpu=0.5)
    assert figures.rows_a_second(entry, cost) == 100_000
    assert figures.cpu_of_rows(entry, cost) == 1.0


def test_an_aim_with_two_figures_is_met_by_either():
    aim = next(aim for aim in aims.AIMS if aim.case == "acefone-30")
    assert aim.wanted() == "at least 1.7, or CPU a row at most 1.05"
    seldom, often = Spread(1.2, 1.1, 1.3), Spread(1.04, 1.0, 1.1)
    assert aim.is_met(1.8, Spread(1.3, 1.2, 1.4))
    assert aim.is_met(seldom.middle, often)
    assert not aim.is_met(seldom.middle, Spread(1.06, 1.0, 1.1))


def test_profile_has_every_layer_from_the_body_to_the_output(monkeypatch):
    monkeypatch.setattr(costs, "_ATTEMPTS", 1)
    parts = costs.vendor_parts("voxo")
    layers = ("parse", "numbers", "serialise", "the page: places, lines", "digests", "account", "write")
    assert {*layers} <= {*parts}
    assert parts["**together**"] == pytest.approx(sum(list(parts.values())[:-2]))
