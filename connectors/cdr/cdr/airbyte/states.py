"""States as they are given: of streams, global, or in the old form without a type; what goes on is of streams only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from airbyte_cdk.models import (
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    AirbyteStateType,
    AirbyteStreamState,
    StreamDescriptor,
)

from cdr.schema.errors import ConfigError


class NoStateError(ConfigError):
    """What is wrong with an entry, to be said behind the name of its file."""


class States(NamedTuple):
    """The states of streams, and what is to be said about how they were given: nothing, or one sentence."""

    messages: list[AirbyteStateMessage]
    warning: str | None = None


class _Given(NamedTuple):
    stream: str
    state: Any
    is_old: bool = False


def states_of(document: Any, streams: Collection[str]) -> States:
    """The states in a parsed file. Raises NoStateError where an entry is none.

    streams: the names of the source's streams
    """
    if document is not None and not isinstance(document, list | dict):
        raise NoStateError("is no list of states")
    entries = document if isinstance(document, list) else [document] if document else []
    given = [one for place, entry in enumerate(entries, 1) for one in _of_entry(entry, place, streams)]
    states = {one.stream: one.state for one in given if isinstance(one.state, Mapping)}
    broken = sorted({one.stream for one in given if one.state is not None and one.stream not in states})
    # No stream in it at all, though it is not empty: a global state without any, or one of another source.
    is_other = bool(entries) and not given
    warning = None
    if is_other:
        warning = "The state holds none of a stream of this source; everything since start_date is read."
    elif broken:
        warning = f"The state of {', '.join(broken)} cannot be read; everything since start_date is read again."
    elif any(one.is_old for one in given):
        warning = "The state is of an old or a global form; the states of its streams are used."
    return States([_message(stream, state) for stream, state in states.items()], warning)


def plain_states(messages: list[AirbyteStateMessage] | None, streams: Collection[str]) -> States:
    """The same for states that were not read from a file."""
    if all(message.type is AirbyteStateType.STREAM and message.stream for message in messages or ()):
        return States(messages or [])
    return states_of([AirbyteStateMessageSerializer.dump(message) for message in messages or ()], streams)


def _of_entry(entry: Any, place: int, streams: Collection[str]) -> Iterator[_Given]:
    if not isinstance(entry, Mapping):
        raise NoStateError(f"holds no state as entry {place}")
    if entry.get("type") == "STATE" and isinstance(entry.get("state"), Mapping):  # a whole line of a sync
        entry = entry["state"]
    shared = entry.get("global")
    if isinstance(entry.get("stream"), Mapping):
        yield _of_stream(entry["stream"], place, is_old=False)
    elif isinstance(shared, Mapping):
        parts = shared.get("stream_states")
        for part in parts if isinstance(parts, list) else ():
            yield _of_stream(part, place, is_old=True)
    else:
        by_name = entry["data"] if isinstance(entry.get("data"), Mapping) else entry
        yield from (_Given(name, by_name[name], is_old=True) for name in streams if name in by_name)


def _of_stream(part: Any, place: int, *, is_old: bool) -> _Given:
    descriptor = part.get("stream_descriptor") if isinstance(part, Mapping) else None
    name = descriptor.get("name") if isinstance(descriptor, Mapping) else None
    if not isinstance(name, str):
        raise NoStateError(f"does not name the stream of entry {place}")
    return _Given(name, part.get("stream_state"), is_old)


def _message(stream: str, state: Mapping[str, Any]) -> AirbyteStateMessage:
    part = AirbyteStreamState(StreamDescriptor(name=stream), AirbyteStateBlob(state))
    return AirbyteStateMessage(type=AirbyteStateType.STREAM, stream=part)
