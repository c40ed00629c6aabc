"""`recording_files`: the recordings that the rows of another stream link to, a row each."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from cdr.normaliser.fields import Fields
from cdr.schema.columns import COLUMNS, json_schema
from cdr.vendor.stream import Stream

# What a row is read for: the link, the time, and what tells two calls of one id apart.
_READ: Final = ("vendor_record_id", "from_number", "to_number", "direction", "direction_raw")
# What the normaliser makes of two of them.
_NUMBERS: Final = ("from_number_e164", "to_number_e164")
_LINK: Final = ("recording_url", "recording_expires_at")
_CURSORS: Final = frozenset({"started_at", "created_at"})


class RecordingFileStream(Stream, abstract=True):
    """The files behind `recording_url`. A vendor derives it from the stream whose rows have the links.

        class RecordingFiles(RecordingFileStream, CallRecords):

    It asks for the same pages in the same windows. The rows that it reads inside hold the link beside the columns that
    go out, see `columns`; `cdr.reading.recordings.recording_reader` makes rows of the stream of them.

    links_calls: whether a row with a link is a row of `call_records`
    """

    name = "recording_files"
    primary_key = "recording_file_id"
    reader = "cdr.reading.recordings.recording_reader:RecordingReader"
    has_files = True
    links_calls: ClassVar[bool]

    def __init_subclass__(cls, abstract: bool = False) -> None:
        kept = {*_READ, *_LINK, cls.cursor}
        fields: Fields = {column: reader for column, reader in cls.fields.items() if column in kept}
        cls.fields = fields
        cls.links_calls = super().primary_key == "record_id"
        super().__init_subclass__(abstract=abstract)

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The columns of the rows that are read: what goes out, and what that is found by."""
        return ("recording_file_id", "vendor", "account_id", *_READ, *_NUMBERS, *_LINK, str(cls.cursor), "issues")

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """With the one cursor that this vendor has."""
        schema = json_schema(cls.name)
        for column in _CURSORS - {cls.cursor}:
            del schema["properties"][column]
        return schema

    def refusal(self) -> str | None:
        """A recording is personal as a whole: no mode of `privacy` could hide a part of it."""
        mode = self.config.privacy.mode
        if mode == "none":
            return None
        return (
            f"{self.name} is not read while `privacy` is `{mode}`: a recording holds voices and names, which "
            "cannot be hidden. Leave the stream out, or read it by a connection of its own with `privacy` `none`."
        )


def outgoing_columns(cursor: str) -> tuple[str, ...]:
    """The columns that go out, where the stream has that cursor."""
    return tuple(column for column in COLUMNS[RecordingFileStream.name] if column not in _CURSORS - {cursor})
