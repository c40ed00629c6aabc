"""`python -m benchmarks`: run the cases and say what they came to. A full run writes RESULTS.md.

`python -m benchmarks profile` says where the time of a row goes, layer by layer, and nothing else.
`python -m benchmarks beside` reads Twilio and Aircall beside manifests that behave as Airbyte's own connectors.
"""

from __future__ import annotations

import argparse
import sys

import benchmarks.beside.__main__ as beside
from benchmarks import costs, results
from benchmarks.checking import CheckError
from benchmarks.contest import mock_server, run
from benchmarks.environments import HERE, interpreter
from benchmarks.plan import CASES, chosen
from tools.install import InstallError


def main() -> int:
    """Run, print, and write."""
    if sys.argv[1:2] == ["beside"]:
        return beside.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("run", "profile", "beside"), default="run", help="see above")
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs (5)")
    parser.add_argument("--rows", type=int, help="so many rows in every case, instead of each case's own number")
    parser.add_argument(
        "--case", action="append", default=[], help="may be repeated: " + ", ".join(c.name for c in CASES)
    )
    parser.add_argument(
        "--size",
        type=int,
        action="append",
        default=[],
        help="one more number of rows in the case size, such as 10000000: ten gigabytes of memory, thirty of disk",
    )
    parser.add_argument("--only", default="", help="contenders, such as ours,dlt")
    given = parser.parse_args()
    if given.what == "profile":
        print(costs.table())
        return 0
    words = [word.strip() for word in given.only.split(",") if word.strip()]
    try:
        cases = chosen(given.case, words, given.rows, given.size)
        for entry in (entry for case in cases for entry in case.entries):
            interpreter(entry.contender)
        before = results.machine()
        report = [results.Outcome(case, {}) for case in cases]
        with mock_server() as server:
            for outcome in report:
                print(f"{outcome.case.name}: {outcome.case.title}", flush=True)
                outcome.costs.update(run(outcome.case, given.rounds, server))
                print(results.table(outcome), flush=True)
    except (ValueError, CheckError, InstallError) as error:
        print(error, file=sys.stderr)
        return 1
    print(results.aims(report))
    if given.case or words or given.rows:
        print("RESULTS.md is left as it is: only a run of everything writes it.")
        return 0
    text = results.document(report, before, given.rounds, costs.table())
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    print("benchmarks/RESULTS.md is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
