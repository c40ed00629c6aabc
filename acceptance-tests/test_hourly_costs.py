"""`make hourly` measures what the docs say, and a line that was measured by hand stays where it is."""

import subprocess
import sys

from tools.install import ROOT
from tools.maintain import hourly

LINE = ("voxo", "60", "70", "4.0", "0.0", "1.0", "900", "0.02")


def test_page_has_a_place_for_the_figures_and_keeps_those_of_others() -> None:
    by_hand = ("voxo", "1,000,000", "1,000,000", "50,000.0", "9.0", "40.0", "260,000", "60.00")
    page = hourly.merged("# Costs\n\n<!-- measured -->\n<!-- end -->\n", [by_hand])
    page = hourly.merged(page, [("bics", *LINE[1:]), LINE])
    assert page.splitlines()[2:] == [
        "<!-- measured -->",
        f"| {' | '.join(hourly.HEAD)} |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        "| bics | 60 | 70 | 4.0 | 0.0 | 1.0 | 900 | 0.02 |",
        "| voxo | 60 | 70 | 4.0 | 0.0 | 1.0 | 900 | 0.02 |",
        "| voxo | 1,000,000 | 1,000,000 | 50,000.0 | 9.0 | 40.0 | 260,000 | 60.00 |",
        "<!-- end -->",
    ]
    assert hourly.merged(page, [LINE]) == page
    assert hourly.merged(hourly.PAGE.read_text(encoding="utf-8"), [LINE]).count("| voxo | 60 |") == 1


def test_few_calls_are_measured_for_two_weeks_and_many_for_a_day() -> None:
    syncs = [hourly.hours_for("voxo", calls) for calls in (60, 1_500, 30_000, 1_000_000)]
    assert syncs == [14 * 24, 13 * 24, 24, 3]


def test_a_million_calls_a_day_are_measured_for_a_vendor_with_pages_and_one_without() -> None:
    assert [vendor for vendor in hourly.VENDORS if 1_000_000 in hourly.calls_for(vendor)] == ["vonage_business", "voxo"]
    assert all({60, 1_500, 30_000} <= {*hourly.calls_for(vendor)} for vendor in hourly.VENDORS)


def test_asked_for_its_help_it_measures_nothing() -> None:
    command = [sys.executable, "-m", "tools", "hourly", "--help"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    assert "--write" in asked.stdout
    assert "Rows sent a sync" not in asked.stdout


def test_other_verbs_say_what_they_do_instead_of_doing_it() -> None:
    command = [sys.executable, "-m", "tools", "soak", "--help"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    assert asked.stdout.startswith("Kill every connector often")


def test_measurement_has_a_figure_for_every_column() -> None:
    line = hourly.measure("voxo", 60, 3)
    assert line[:2] == ("voxo", "60")
    assert len(line) == len(hourly.HEAD)
    assert all(float(cell.replace(",", "").split()[0]) >= 0 for cell in line[1:])
