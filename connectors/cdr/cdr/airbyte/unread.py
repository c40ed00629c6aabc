"""Accounts that could not be read: what that means for the others, and the one sentence that names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cdr.http.waits import StoppedError
from cdr.schema.errors import ConfigError, SyncError, TooLargeError, TooSlowError, TransientError
from cdr.vendor.authenticators import LoginRefusedError

_MOST_NAMED: Final = 20
_ONE_AFTER_THE_OTHER: Final = 3


class UnreadAccounts:
    """The accounts of a stream that could not be read to their end, and why.

    known: how many accounts the stream has
    """

    def __init__(self, known: int = 1) -> None:
        self.known = known
        self._errors: dict[str, SyncError] = {}
        self._in_a_row = 0

    def __contains__(self, account: object) -> bool:
        return account in self._errors

    def add(self, account: str, error: Exception) -> bool:
        """Take note of an error. False where it is not this account's own, and the others cannot be read either.

        So is a login that was refused, and a vendor that fails for one account after the other.
        """
        if not isinstance(error, SyncError) or isinstance(error, LoginRefusedError | StoppedError):
            return False
        if account not in self._errors:
            passing = isinstance(error, TransientError) and not isinstance(error, TooSlowError | TooLargeError)
            self._in_a_row = self._in_a_row + 1 if passing else 0
        self._errors.setdefault(account, error)
        return self._in_a_row < _ONE_AFTER_THE_OTHER

    def one_was_read(self) -> None:
        """Take note that the vendor gave an account what it was asked for."""
        self._in_a_row = 0

    @property
    def error(self) -> SyncError | None:
        """One error for all of them; None where every account was read."""
        return error_of(self._errors, self.known) if self._errors else None


def error_of(errors: Mapping[str, SyncError], known: int) -> SyncError:
    """One error that names the accounts. A setting to change outranks a vendor to wait for.

    known: how many accounts were asked
    """
    refused = next((error for error in errors.values() if isinstance(error, LoginRefusedError)), None)
    if refused is not None:
        return refused  # of the login, and so of all accounts
    accounts: dict[str, list[str]] = {}
    for account, error in errors.items():
        accounts.setdefault(error.message, []).append(account)
    why = " ".join(f"{_named(those)}: {message}" for message, those in accounts.items())
    number = len(errors)
    if known == 1:
        text = next(iter(errors.values())).message
    elif number == known:
        text = f"None of the {known} accounts could be read. {why}"
    else:
        text = f"{number} of {known} accounts could not be read, the others were. {why}"
    kind = ConfigError if any(isinstance(error, ConfigError) for error in errors.values()) else TransientError
    return kind(text)


def named(accounts: list[str]) -> str:
    """Accounts in a sentence: "account 1001", or "accounts 1001, 1002"."""
    shown = ", ".join(accounts[:_MOST_NAMED])
    more = f" and {len(accounts) - _MOST_NAMED} more" if len(accounts) > _MOST_NAMED else ""
    return f"account{'s' if len(accounts) > 1 else ''} {shown}{more}"


def _named(accounts: list[str]) -> str:
    text = named(accounts)
    return text[0].upper() + text[1:]
