"""`make new VENDOR=name`: the folder of a new connector. Its tests are red where the vendor's facts belong."""

from __future__ import annotations

import datetime as dt
import re
import sys
import uuid

from tools.install import ROOT
from tools.maintain import matrix
from tools.maintain.boilerplate import Facts, render_all


def first_facts(name: str) -> Facts:
    """Return what can be said of a vendor before anything is known but its name."""
    return Facts(
        name=name,
        title=" ".join(word.capitalize() for word in name.split("-")),
        definition_id=str(uuid.uuid4()),
        version="0.1.0",
        release_date=dt.datetime.now(tz=dt.timezone.utc).date().isoformat(),
        hosts=(f"api.{name}.example",),
        streams=("call_records",),
    )


def main() -> int:
    """Render the template for one vendor."""
    name = sys.argv[1].strip().lower().replace("_", "-").removeprefix("source-") if len(sys.argv) > 1 else ""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        print("Name the vendor in letters, digits and hyphens: make new VENDOR=ringcentral.", file=sys.stderr)
        return 1
    facts = first_facts(name)
    folder = ROOT / "connectors" / facts.folder
    if folder.exists():
        print(f"connectors/{facts.folder} is there already: nothing was changed.", file=sys.stderr)
        return 1
    render_all(facts, folder)
    matrix.write()
    print(f"connectors/{facts.folder} is rendered. Next: the facts, in {facts.module}/streams.py and spec.json,")
    print(f"until `make unit CONNECTOR={facts.folder}` is green. CONTRIBUTING.md has the six steps.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
