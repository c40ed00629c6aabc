"""The accounts that one login reads: for each, the configuration that it alone would have."""

from __future__ import annotations

from cdr.vendor.config import Config
from cdr.vendor.stream import Ask, Stream


def accounts_of(stream: type[Stream], config: Config, ask: Ask) -> dict[str, Config]:
    """A configuration for each account that `config` names, by the account's id, in order and each once.

    stream: one of the source; its accounts are those of the whole source
    ask:    sends a request and returns the parsed answer, for vendors that list their accounts. Raises SyncError
    """
    found: dict[str, Config] = {}
    for settings in stream.accounts(config, ask):
        one = config.with_settings(settings)
        found.setdefault(stream(one).account_id() or "", one)
    return found


def first_account_of(stream: type[Stream], config: Config) -> Config:
    """The configuration of the first account, for which no vendor is asked."""

    def ask(_: object) -> None:
        raise RuntimeError(f"{stream.vendor} has to name its first account before it asks for others")

    return config.with_settings(next(iter(stream.accounts(config, ask)), {}))
