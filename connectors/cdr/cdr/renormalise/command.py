"""`python main.py renormalise …`: rows that an earlier version loaded, read anew from their `raw`.

The vendor is not asked. What was done is on standard output, what went wrong on standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from cdr.normaliser.normaliser import serialise
from cdr.renormalise.places import opened
from cdr.renormalise.rows import OTHER_ACCOUNT, Renewer
from cdr.renormalise.tables import PLACE, Table
from cdr.schema.columns import COLUMNS
from cdr.schema.errors import ConfigError, quoted
from cdr.vendor.accounts import first_account_of
from cdr.vendor.config import Config
from cdr.vendor.stream import Stream


class Source(Protocol):
    """What has to be known of a connector: its streams, and how its configuration is read."""

    @property
    def streams(self) -> Sequence[type[Stream]]: ...

    def config(self, raw: Mapping[str, Any]) -> Config:
        """The configuration, checked. Raises ConfigError."""


class Files(Protocol):
    """How the files of the command line are read. Both raise ConfigError."""

    def read_config(self, path: str) -> Mapping[str, Any]:
        """The configuration in a file."""

    def read_states(self, path: str, streams: Collection[str]) -> Any:
        """The states of streams in a file: Airbyte's, in `messages`."""


_EXAMPLE = "main.py renormalise --config voxo.json --from calls.duckdb --table voxo.call_records"


def main(source: Source, arguments: list[str], files: Files) -> int:
    """Run the command; the exit code: 1 where nothing was done."""
    given = _parser().parse_args(arguments)
    try:
        report = _renormalised(source, given, files)
    except ConfigError as error:
        sys.stderr.write(f"{filter_secrets(error.message)}\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in report))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "main.py renormalise",
        description="Read rows that were loaded by an earlier version anew from their `raw`, without the vendor.",
        epilog=f"example: {_EXAMPLE}",
    )
    parser.add_argument("--config", required=True, help="the configuration's file, as for a sync")
    parser.add_argument(
        "--from", required=True, dest="place", help="a DuckDB file, a .parquet file, or postgresql://user@host/database"
    )
    parser.add_argument("--table", help="schema.table; without it the stream's name")
    parser.add_argument("--stream", default="call_records", help="the stream that the rows are of (call_records)")
    parser.add_argument("--to", help="the file to write, where --from is a Parquet file")
    parser.add_argument("--state", help="a state file, for the zone that a sync found; without it the rows tell it")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    return parser


def _renormalised(source: Source, given: argparse.Namespace, files: Files) -> list[str]:
    """Do what the command line says; the lines that tell what it came to. Raises ConfigError."""
    stream = _stream(source, given.stream, files.read_config(given.config))
    dialect = _dialect(given.state, stream, files)
    table = opened(given.place, given.table or stream.name, given.to)
    try:
        renewer = Renewer(stream, dialect, table.sample())
        counts = _put_rows(table, renewer)
        columns = [column for column in renewer.columns if column in table.columns]
        changed = table.changed(columns)
        if not given.dry_run:
            table.write(columns)
    finally:
        table.close()
    missing = [column for column in renewer.columns if column not in table.columns]
    return _report(stream, counts, changed, renewer.zone, missing, is_dry=given.dry_run)


def _stream(source: Source, name: str, config: Mapping[str, Any]) -> Stream:
    with_raw = {cls.name: cls for cls in source.streams if "raw" in COLUMNS[cls.name]}
    known = {stream: cls for stream, cls in with_raw.items() if cls.legs is None}
    if name in with_raw and name not in known:
        raise ConfigError(
            f"`raw` of {name} is a leg without the record that it is part of, which has some of its columns: "
            "read these rows again from a date (docs/upgrades.md)."
        )
    if name not in known:
        raise ConfigError(f"There is no stream {quoted(name, 60)!r} with `raw` here; there is {', '.join(known)}.")
    # Of several accounts the first: what was found out of a vendor is an account's own.
    return known[name](first_account_of(known[name], source.config(config)))


def _dialect(path: str | None, stream: Stream, files: Files) -> Mapping[str, Any]:
    """What a sync found out about the vendor, by the state in a file."""
    if path is None:
        return {}
    for message in files.read_states(path, [stream.name]).messages:
        state = message.stream
        if state is not None and state.stream_descriptor.name == stream.name and state.stream_state is not None:
            found: Any = state.stream_state.__dict__
            accounts = found.get("accounts")
            if isinstance(accounts, Mapping):
                found = accounts.get(stream.account_id())
            dialect = found.get("dialect") if isinstance(found, Mapping) else None
            return dialect if isinstance(dialect, Mapping) else {}
    raise ConfigError(f"The state file {quoted(path, 200)} holds no state of {stream.name}.")


def _put_rows(table: Table, renewer: Renewer) -> Counter[str]:
    """Hand the rows as this version reads them to their table; how many, and how many are left alone and why."""
    counts: Counter[str] = Counter()
    for batch in table.rows():
        lines = []
        for stored in batch:
            row = renewer.renewed(stored)
            if isinstance(row, str):
                counts[row] += 1
                continue
            lines.append(serialise({PLACE: stored.place, **row}))
        counts[""] += len(lines)
        if lines:
            table.put(lines)
    return counts


def _report(
    stream: Stream, counts: Counter[str], changed: int, zone: str | None, missing: list[str], *, is_dry: bool
) -> list[str]:
    renewed = counts.pop("")
    what = "would change (nothing was written)" if is_dry else "changed"
    all_rows = renewed + sum(counts.values())
    lines = [f"{stream.name}: {all_rows:,} rows, {renewed:,} read anew from `raw`, {changed:,} of them {what}"]
    lines += [f"{stream.name}: {rows:,} rows {why} are left as they are" for why, rows in sorted(counts.items())]
    if counts[OTHER_ACCOUNT]:
        lines.append(f"{stream.name}: this configuration is for the account {stream.account_id() or 'without a name'}")
    if zone is not None:
        lines.append(f"{stream.name}: the vendor prints its times in {zone}, not in {stream.zone}")
    if missing:
        lines.append(
            f"{stream.name}: the table has no column {', '.join(missing)}: refresh the schema of the connection, "
            "then run this again"
        )
    return lines
