"""What files are fetched with."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

from cdr.http.links import Downloads
from cdr.reading.files.stored_files import FileStore


@dataclass(frozen=True)
class FileFetcher:
    """The way to the hosts, the folder, the threads, and how many files of a window may be under way."""

    downloads: Downloads
    store: FileStore
    threads: Executor
    ahead: int
