"""What the vendor said of the number of rows in a window, held against the rows that came."""

from __future__ import annotations

from dataclasses import dataclass, field

from cdr.pages import Block


@dataclass
class Pass:
    """One reading of a window: the rows received, and what the vendor said of their number."""

    first_total: int | None = None
    last_total: int | None = None
    distinct: set[str] = field(default_factory=set)
    twins: int = 0
    pages: int = 0

    def add(self, block: Block) -> None:
        if self.pages == 0:
            self.first_total = block.facts.total
        self.pages += 1
        self.last_total = block.facts.total
        ids = set(block.ids)
        # The same id twice on one page is no shifted page: the vendor counts both.
        self.twins += len(block.ids) - len(ids)
        self.distinct |= ids

    def repeats(self, block: Block) -> bool:
        """Whether a page holds nothing but rows that came before."""
        return bool(block.ids) and self.distinct.issuperset(block.ids)

    @property
    def received(self) -> int:
        return len(self.distinct) + self.twins

    def agrees(self) -> bool:
        """Whether the vendor's total stood still while it was read, and as many rows came."""
        return self.last_total is None or (self.first_total == self.last_total == self.received)

    def figures(self) -> str:
        moved = "" if self.first_total == self.last_total else f" (it was {self.first_total} on the first page)"
        return f"{self.received} rows received, {self.last_total} stated{moved}"
