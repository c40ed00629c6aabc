"""`python -m benchmarks beside [--write]`: read simulated accounts of Twilio and Aircall with ours and with a manifest.

The manifest is our own and behaves as Airbyte's connector for that vendor is documented to. Without `--write` the
table is printed; with it, it is written into docs/beside-airbyte.md.
"""

from __future__ import annotations

import argparse
import sys

from tools.install import ROOT


def main(given: list[str] | None = None) -> int:
    """Measure, print, and write."""
    # The simulators are part of the acceptance tests, which are no package.
    sys.path.insert(0, str(ROOT / "acceptance-tests"))
    from benchmarks.beside import page  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="python -m benchmarks beside", description=__doc__)
    parser.add_argument("--calls", type=int, default=page.CALLS, help="of the large accounts (10001)")
    parser.add_argument("--vendor", choices=("twilio", "aircall"), help="only this one; the other's lines stay")
    parser.add_argument("--write", action="store_true", help="write the table into docs/beside-airbyte.md")
    arguments = parser.parse_args(given)
    if arguments.write and arguments.calls != page.CALLS:
        parser.error("--write takes the whole accounts: leave --calls out")
    chosen = [case for case in page.cases(arguments.calls) if arguments.vendor in (None, case.vendor)]
    lines = page.measured(chosen)
    print(page.table(lines))
    if arguments.write:
        page.PAGE.write_text(page.written(page.PAGE.read_text(encoding="utf-8"), lines), encoding="utf-8")
        print("docs/beside-airbyte.md is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
