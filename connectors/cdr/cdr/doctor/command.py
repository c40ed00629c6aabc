"""`python main.py doctor --config C [--json]`: the doctor's report on standard output, everything else beside it."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from cdr.doctor.asking import MOST_REQUESTS
from cdr.doctor.examination import Report, Source, examine
from cdr.doctor.failures import failure_finding
from cdr.doctor.table import table
from cdr.schema.errors import ConfigError
from cdr.schema.words import without_queries

ReadConfig = Callable[[str], Mapping[str, Any]]
"""(path) -> the configuration in that file. Raises ConfigError."""


def main(source: Source, arguments: list[str], read_config: ReadConfig) -> int:
    """Run the command; the exit code: 1 where something needs a person."""
    parser = argparse.ArgumentParser("main.py doctor", description="Ask the account what it really does.")
    parser.add_argument("--config", required=True, help="the configuration's file")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    chosen = parser.parse_args(arguments)
    _talk_on_standard_error()
    try:
        raw: Mapping[str, Any] = read_config(chosen.config)
        report = examine(source, raw, keep=_keeper(chosen.config))
    except ConfigError as error:
        report = Report.of(source)
        report.findings = [failure_finding(error, source.streams[0], None)]
    if chosen.json:
        text = json.dumps(report.as_dict(), ensure_ascii=False, indent=2)
    else:
        text = table(report.connector, report.vendor, report.requests, MOST_REQUESTS, report.findings)
    sys.stdout.buffer.write(f"{text}\n".encode())
    sys.stdout.flush()
    return 1 if report.needs_a_person else 0


def _keeper(path: str) -> Callable[[Mapping[str, Any]], None] | None:
    if not os.access(path, os.W_OK):
        return None
    return lambda raw: _write(path, raw)


def _write(path: str, raw: Mapping[str, Any]) -> None:
    """Put a configuration back with the refresh token that replaced the one in it."""
    Path(path).write_text(json.dumps(raw, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _talk_on_standard_error() -> None:
    """Let log lines, such as those of a wait, go where they do not stand in the report."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_without_secrets)
    for name in ("", "airbyte"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler] if not name else []
    logging.getLogger("airbyte").setLevel(logging.INFO)


def _without_secrets(record: logging.LogRecord) -> bool:
    record.msg, record.args = without_queries(filter_secrets(record.getMessage())), None
    return True
