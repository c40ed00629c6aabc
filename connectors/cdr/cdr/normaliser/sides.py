"""Which field is read, by a word of the vendor's: for rows that say "ours" and "theirs" and not "from" and "to"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cdr.normaliser import values
from cdr.normaliser.fields import Read, Reader, Row, Setting, at_path
from cdr.normaliser.values import fold


@dataclass(frozen=True)
class _ByWord(Reader):
    word: str
    words: Mapping[str, Reader]
    other: Reader

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(column for reader in (*self.words.values(), self.other) for column in reader.needs)

    def compile(self, setting: Setting) -> Read:
        reads = {fold(word): reader.compile(setting) for word, reader in self.words.items()}
        folded, other = self._folded(), self.other.compile(setting)
        return lambda source, row: reads.get(folded(source), other)(source, row)

    def compile_raw(self) -> Callable[[Row], Any]:
        finds = {fold(word): reader.compile_raw() for word, reader in self.words.items()}
        folded, other = self._folded(), self.other.compile_raw()
        return lambda source: finds.get(folded(source), other)(source)

    def _folded(self) -> Callable[[Row], str]:
        get = at_path(self.word)
        return lambda source: fold(values.text(get(source), []) or "")


def by_word(word: str, words: Mapping[str, Reader], *, other: Reader) -> Reader:
    """Another field for each word, compared as `choice` compares them.

    Of `{"direction": "outbound", "raw_digits": "+44 …", "number": {"digits": "+33 …"}}` the caller is
    `by_word("direction", {"outbound": text("number.digits")}, other=text("raw_digits"))`.
    """
    return _ByWord(word, words, other)
