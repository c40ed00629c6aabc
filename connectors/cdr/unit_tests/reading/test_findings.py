from cdr.reading.findings import Finding, Findings

ZONE = Finding("zone", "its times in UTC", "prints its times in America/Chicago", effect="times are read by it")


def findings(*found):
    subject = Findings()
    for finding in found:
        subject.add(finding)
    return subject


def test_without_a_finding_nothing_is_said():
    assert findings().warning() is None
    assert list(findings()) == []


def test_a_finding_says_what_was_found_what_was_expected_and_the_rest_that_is_known():
    finding = Finding("cap", "every call", "cuts at 500", "two halves", "halved", "ask the vendor")
    assert str(finding) == "it cuts at 500 (expected: every call); two halves; halved; ask the vendor"
    assert str(ZONE).endswith("(expected: its times in UTC); times are read by it")


def test_one_line_says_everything_that_was_found_in_a_sync():
    cap = Finding("cap", "every call", "cuts answers off at 500 rows")
    warning = findings(ZONE, cap).warning()
    assert warning == (
        "the vendor differs from its documents: it prints its times in America/Chicago (expected: its times in UTC); "
        "times are read by it. it cuts answers off at 500 rows (expected: every call)."
    )
    assert "\n" not in warning


def test_the_same_finding_is_said_once_however_many_windows_show_it():
    assert len(list(findings(ZONE, ZONE, Finding("zone", "another word", ZONE.found)))) == 1


def test_another_finding_of_the_same_point_is_said_as_well():
    assert len(list(findings(ZONE, Finding("zone", ZONE.expected, "reads the period in another zone")))) == 2


def test_rows_that_were_treated_otherwise_are_counted():
    subject = findings()
    subject.count("have no id", 2)
    subject.count("have no id")
    subject.count("are odd", 0)
    assert subject.warning() == "the vendor differs from its documents: 3 rows have no id."
