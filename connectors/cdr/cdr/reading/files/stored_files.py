"""Files on their way to the destination: written beside their place, and put there when they are whole."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cdr.schema.errors import ConfigError

_MODE: Final = 0o666  # less what the process's own mask takes away: another user may have to read it
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True)
class StoredFile:
    """A file that is whole. path: where it is; relative: the same below the files' folder."""

    path: str
    relative: str
    size: int
    sha256: str


class PartFile:
    """The bytes of a file so far: a `FileSink`. Raises ConfigError where they cannot be written."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self.total: int | None = None
        self.validator: str | None = None
        self._path = path
        self._hash = hashlib.sha256()
        # What a killed sync left there is written over.
        self._file = os.fdopen(os.open(path, _FLAGS, _MODE), "wb", buffering=0)

    def write(self, piece: bytes) -> None:
        with writing(self._path.parent):
            rest = memoryview(piece)
            while rest:
                rest = rest[self._file.write(rest) :]
        self._hash.update(piece)
        self.size += len(piece)

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._hash = hashlib.sha256()
        self.size, self.total, self.validator = 0, None, None

    def sha256(self) -> str:
        return self._hash.hexdigest()

    def close(self) -> None:
        self._file.close()


class FileStore:
    """The folder that files are handed over in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def part(self, stream: str, name: str) -> Iterator[PartFile]:
        """Room for a file that is fetched now; nothing of it stays that was not put into its place by `keep`."""
        place = self._folder / stream
        with writing(place):
            place.mkdir(parents=True, exist_ok=True)
            part = PartFile(place / f"{name}.part")
        try:
            yield part
        finally:
            part.close()
            with contextlib.suppress(OSError):
                (place / f"{name}.part").unlink()

    def keep(self, stream: str, name: str, part: PartFile) -> StoredFile:
        """Put a file that is whole into its place."""
        place = self._folder / stream
        part.close()
        with writing(place):
            (place / f"{name}.part").replace(place / name)
        return StoredFile(str(place / name), f"{stream}/{name}", part.size, part.sha256())


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What the machine says where it cannot write, as a sentence."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"The folder for files, {folder}, cannot be written ({error.strerror or type(error).__name__}): give the "
            "connector room there and the right to write, or read the stream without its files."
        ) from None
