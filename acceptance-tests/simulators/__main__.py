"""Start the vendors' simulators: python -m simulators [vendor ...] --days 3 --config-dir configs."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Event, Thread
from typing import Any

from simulators import KINDS, VENDORS, simulator_class


def _arguments(given: list[str] | None) -> argparse.Namespace:
    kinds = "\n".join(f"  {kind:17} {text}" for kind, text in sorted(KINDS.items()))
    parser = argparse.ArgumentParser(
        prog="python -m simulators",
        description="Vendors of telephony on loopback, with invented calls up to this moment.",
        epilog=f"faults, as kind or vendor:kind:key=value:…\n(at, after, times, and keys of its own):\n{kinds}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("vendors", nargs="*", metavar="vendor", help=f"of {', '.join(VENDORS)}; all without any")
    parser.add_argument("--port-base", type=int, default=0, help="the first port; the next vendor gets the next one")
    parser.add_argument("--seed", type=int, default=7, help="the same seed makes the same calls (7)")
    parser.add_argument("--days", type=float, default=30, help="how many days of calls (30)")
    parser.add_argument("--calls-per-day", type=float, default=120, help="of each vendor (120)")
    parser.add_argument("--latency-ms", type=float, default=0, help="before every answer (0)")
    parser.add_argument("--no-validation", action="store_true", help="do not check requests, for load")
    parser.add_argument("--auth", default="access_token", help="the auth_type of the configs, where a vendor has it")
    parser.add_argument("--option", action="append", default=[], help="vendor:key=value, see `defaults` of its class")
    parser.add_argument("--dialect", action="append", default=[], help="the same, for ways to differ: dialects.py")
    parser.add_argument("--fault", action="append", default=[], help="may be given several times, see below")
    parser.add_argument("--config-dir", type=Path, help="write a connector config for each vendor: <vendor>.json")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the parent process")
    arguments = parser.parse_args(given)
    if unknown := set(arguments.vendors) - set(VENDORS):
        parser.error(f"no simulator of {', '.join(sorted(unknown))}: {', '.join(VENDORS)}")
    return arguments


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None if text == "None" else text


def _keys(parts: list[str]) -> dict[str, Any]:
    return {key: _value(value) for key, _, value in (part.partition("=") for part in parts)}


def _meant(text: str, vendor: str) -> list[str]:
    """Split `vendor:rest:…`; nothing where another vendor is meant."""
    first, *rest = text.split(":")
    if first in VENDORS:
        return rest if first == vendor else []
    return [first, *rest]


def options_of(vendor: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options that a vendor's simulator is started with."""
    options = dict(simulator_class(vendor).as_documented)
    for text in [*arguments.option, *arguments.dialect]:
        options |= _keys(_meant(text, vendor))
    return options


def _wait_for_stdin(done: Event) -> None:
    sys.stdin.buffer.read()
    done.set()


def main(given: list[str] | None = None) -> int:
    """Run until SIGINT, SIGTERM, or the end of standard input where that is asked for."""
    arguments = _arguments(given)
    done = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    hour = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
    with contextlib.ExitStack() as stack:
        for index, vendor in enumerate(arguments.vendors or VENDORS):
            made = simulator_class(vendor)
            options = options_of(vendor, arguments)
            simulator = made(
                seed=arguments.seed,
                start=hour - timedelta(days=arguments.days),
                calls_per_day=arguments.calls_per_day,
                latency_ms=arguments.latency_ms,
                validate=not arguments.no_validation,
                port=arguments.port_base + index if arguments.port_base else 0,
                **options,
            )
            stack.enter_context(simulator)
            for text in arguments.fault:
                if parts := _meant(text, vendor):
                    simulator.fault(parts[0], **_keys(parts[1:]))
            if arguments.config_dir:
                auth = arguments.auth if arguments.auth in made.auths else "access_token"
                arguments.config_dir.mkdir(parents=True, exist_ok=True)
                content = json.dumps(simulator.config(auth=auth), indent=2) + "\n"
                (arguments.config_dir / f"{vendor}.json").write_text(content, encoding="utf-8")
            print(f"{vendor:16} {simulator.api_url}", flush=True)
        print("ready", flush=True)
        if arguments.until_stdin_closes:
            Thread(target=_wait_for_stdin, args=(done,), daemon=True).start()
        done.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
