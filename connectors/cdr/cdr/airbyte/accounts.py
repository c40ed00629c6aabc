"""The accounts of one stream: a cursor and a state each, kept together in the one state that a stream has.

Airbyte keeps one state a stream. Where the source reads one account, that is the account's own, and says whose it is.
Where it reads several, it is `{"accounts": {id: the account's own state}}`. An account whose state is not in it is read
from `start_date` on. The state of an account that the configuration does not name any more stays as it is: named
again, it goes on where it stopped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, Final

from airbyte_cdk.models import AirbyteMessage, Level
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.message.repository import LogMessage
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition

from cdr.airbyte.cursor import COMPLETE, WindowCursor
from cdr.vendor.stream import Stream

_LOGGER: Final = logging.getLogger("airbyte")
_ACCOUNTS: Final = "accounts"
_ACCOUNT: Final = "account"
_FEW: Final = 20
_SECONDS_BETWEEN: Final = 1.0


class AccountStates:
    """The states of the accounts of one stream.

    accounts: whose states they are in this sync, in order
    given:    the state of the stream, of either form
    manager:  what keeps the states of all streams
    repository: where messages go; `outlet` is where those of a window that was closed go
    refreshes: whether all of it is read anew. That is complete when it is for every account
    lock:     held from the change of a state until the message of it is on its way: messages that overtake each other
              would take an account back
    """

    def __init__(
        self,
        stream: type[Stream],
        accounts: Sequence[str],
        given: Mapping[str, Any],
        manager: ConnectorStateManager,
        repository: MessageRepository,
        *,
        refreshes: bool = False,
    ) -> None:
        self.lock = threading.Lock()
        self.repository = repository
        self.outlet = repository if len(accounts) <= _FEW else _Sparing(repository)
        self._accounts = accounts
        self._refreshes = refreshes
        self._name = stream.name
        self._says_whose = stream.may_read_several_accounts()
        self._manager = manager
        self._states = self._apart(given, accounts[0], is_sure=len(accounts) == 1)
        self._is_plain = {*accounts, *self._states} == {accounts[0]}

    def of(self, account: str) -> dict[str, Any]:
        """The state of an account, empty where there is none yet."""
        return dict(self._states.get(account, {}))

    def keeper(self, account: str) -> ConnectorStateManager:
        """What the cursor of one account takes for the states of the source."""
        return _OneAccount(self, account)

    @property
    def number(self) -> int:
        """How many accounts this sync reads."""
        return len(self._accounts)

    def put(self, account: str, state: Mapping[str, Any]) -> None:
        """Take over a state. Where another thread may do so too, under `lock`."""
        self._states = {**self._states, account: state}
        self._manager.update_state_for_stream(self._name, None, self._together())

    def message(self) -> AirbyteMessage:
        """The state of the stream."""
        return self._manager.create_state_message(self._name, None)

    def _together(self) -> dict[str, Any]:
        if not self._is_plain:
            complete = all(self.of(account).get(COMPLETE) is True for account in self._accounts)
            return {_ACCOUNTS: self._states, **({COMPLETE: complete} if self._refreshes else {})}
        ((account, state),) = self._states.items()
        return {**state, _ACCOUNT: account} if self._says_whose else dict(state)

    def _apart(self, given: Mapping[str, Any], first: str, *, is_sure: bool) -> dict[str, Mapping[str, Any]]:
        if not given or not self._says_whose:
            return {first: given} if given else {}
        parts = given.get(_ACCOUNTS)
        if isinstance(parts, Mapping):
            return {account: state for account, state in parts.items() if isinstance(state, Mapping)}
        state = {name: value for name, value in given.items() if name != _ACCOUNT}
        whose = given.get(_ACCOUNT)
        if isinstance(whose, str):
            return {whose: state}
        if not is_sure:
            _LOGGER.warning(
                f"{self._name}: the state does not say of which account it is; it is taken for that of {first}, "
                "the first one. The others are read from start_date on."
            )
        return {first: state}


class _OneAccount(ConnectorStateManager):
    def __init__(self, states: AccountStates, account: str) -> None:
        super().__init__()
        self._states = states
        self._account = account

    def update_state_for_stream(self, stream_name: str, namespace: str | None, value: Mapping[str, Any]) -> None:
        self._states.put(self._account, value)

    def create_state_message(self, stream_name: str, namespace: str | None) -> AirbyteMessage:
        return self._states.message()


class _Sparing(MessageRepository):
    """Lets a state out once a second at most.

    Each holds all accounts: one for each window of a thousand accounts would be more than their rows. What a sync that
    is killed has read in its last second comes again.
    """

    def __init__(self, repository: MessageRepository) -> None:
        self._repository = repository
        self._last = 0.0

    def emit_message(self, message: AirbyteMessage) -> None:
        if time.monotonic() - self._last >= _SECONDS_BETWEEN:
            self._repository.emit_message(message)
            self._last = time.monotonic()

    def log_message(self, level: Level, message_provider: Callable[[], LogMessage]) -> None:
        self._repository.log_message(level, message_provider)

    def consume_queue(self) -> Iterable[AirbyteMessage]:
        return ()


class AccountsCursor(Cursor):
    """The cursor of a stream with several accounts: each window is closed by the cursor of its account."""

    def __init__(self, cursors: Mapping[str, WindowCursor], states: AccountStates) -> None:
        self._cursors = cursors
        self._states = states

    @property
    def state(self) -> MutableMapping[str, Any]:
        return {account: cursor.state for account, cursor in self._cursors.items()}

    def observe(self, record: Any) -> None:
        """Rows are not looked at one by one."""

    def should_be_synced(self, record: Any) -> bool:
        return True

    def close_partition(self, partition: Partition) -> None:
        cursor: Cursor | None = getattr(partition, "cursor", None)
        if cursor is not None:
            with self._states.lock:
                cursor.close_partition(partition)

    def ensure_at_least_one_state_emitted(self) -> None:
        """One message at the end, with the state of every account: of one that had nothing new to read, too.

        One that was never read has none, and begins at `start_date` once it can be.
        """
        with self._states.lock:
            for account, state in self.state.items():
                if any(one["start"] != one["end"] for one in state.get("slices", ())):
                    self._states.put(account, state)
            self._states.repository.emit_message(self._states.message())
