"""Waiting: how long before a request is sent again, the pauses that hold for all workers, and the lines that say so.

Whoever runs a sync sees every wait of more than five seconds, and sees it again each minute: nothing hangs in silence.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from dataclasses import dataclass

from cdr.schema.errors import TransientError

ATTEMPTS = 10
LONGEST_ASKED_SECONDS = 15 * 60.0

_WORTH_A_LINE_SECONDS = 5.0
_REMINDER_SECONDS = 60.0
# How soon a wait ends that is stopped.
_PIECE_SECONDS = 0.5
# What the waits of one request add up to, at most: after failures, and after a 429 that does not say how long.
_FAILING_SECONDS = 45.0
_CROWDED_SECONDS = 180.0
_GROWTH = 1.5
# The nine waits between ten attempts, as multiples of the first.
_SHARES = sum(_GROWTH**n for n in range(ATTEMPTS - 1))
# Clocks count whole seconds: who comes back at the very second may be too early.
_MARGIN_SECONDS = 1.0


class StoppedError(TransientError):
    """The sync was stopped while it waited."""


class Notice:
    """The lines about one wait, however many workers wait: one as it begins or grows, and one each minute."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._until = self._again_at = float("-inf")
        self._lock = threading.Lock()

    def say(self, seconds: float, why: str) -> None:
        now = time.monotonic()
        with self._lock:
            grew = now + seconds > self._until + _WORTH_A_LINE_SECONDS
            if seconds <= _WORTH_A_LINE_SECONDS or (now < self._again_at and not grew):
                return
            self._until, self._again_at = now + seconds, now + _REMINDER_SECONDS
        self._logger.info(f"{why}: waiting for {seconds:.0f} seconds.")


class Waits:
    """How the workers of one client wait. One that is told to wait by the vendor makes all of them wait."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._stopped = threading.Event()
        self._gate_notice = Notice(logger)
        self._budget_notice = Notice(logger)
        self._open_at = 0.0
        self._why = ""
        self._lock = threading.Lock()

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        """End every wait within half a second, as StoppedError."""
        self._stopped.set()

    def shut(self, seconds: float, why: str) -> None:
        """Let all workers wait at the gate for so long from now."""
        with self._lock:
            if time.monotonic() + seconds > self._open_at:
                self._open_at, self._why = time.monotonic() + seconds, why

    def at_gate(self) -> None:
        """Wait until the gate is open."""
        waited_for = 0.0
        while (open_at := self._open_at) > waited_for:
            self._sleep(open_at - time.monotonic(), self._why, self._gate_notice)
            waited_for = open_at

    def pause(self, seconds: float, why: str) -> None:
        """Wait for this one request."""
        self._sleep(seconds, why, Notice(self._logger))

    def for_budget(self, seconds: float) -> None:
        """Wait for a place within `requests_per_minute`."""
        self._sleep(max(seconds, 0.01), "The minute's requests are spent (`requests_per_minute`)", self._budget_notice)

    def _sleep(self, seconds: float, why: str, notice: Notice) -> None:
        while seconds > 0:
            if self._stopped.is_set():
                raise StoppedError("The sync was stopped while it waited.")
            notice.say(seconds, why)
            piece = min(seconds, _PIECE_SECONDS)
            time.sleep(piece)
            seconds -= piece


@dataclass
class Retries:
    """How often one request is sent, and the waits between: they grow, and their sum has a bound."""

    attempts: int
    _sent: int = 0
    _waited: float = 0.0
    _longest: float = _FAILING_SECONDS

    def wait(self, asked: float | None, *, crowded: bool) -> float | None:
        """The seconds until the next attempt, None where there is none.

        asked:   what the vendor asks for, which is waited for as it is
        crowded: the vendor has had too many requests, and does not say for how long
        """
        self._sent += 1
        if self._sent >= self.attempts:
            return None
        if asked:
            return asked + _MARGIN_SECONDS
        most = _CROWDED_SECONDS if crowded else _FAILING_SECONDS
        self._longest = max(self._longest, most)
        growing = most / _SHARES * _GROWTH ** (self._sent - 1) * random.uniform(0.75, 1.0)  # noqa: S311 - no secret
        seconds = min(growing, self._longest - self._waited)
        self._waited += seconds
        return seconds if seconds > 0 else None
