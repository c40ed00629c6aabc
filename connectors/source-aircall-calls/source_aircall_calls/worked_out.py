"""What several fields of a call say together."""

from typing import Any

from cdr.normaliser import Reader, by_word


def full_name(first: str | None, last: str | None, company: str | None) -> str | None:
    """A contact's name."""
    return " ".join(filter(None, (first, last))) or company


def was_answered(sent: Any) -> bool:
    """Whether there is a time of an answer, readable or not."""
    return sent not in (None, "", 0, "0")


def ringing(answered: bool, until_answer: int | None, until_end: int | None) -> int | None:
    """How long a call rang."""
    return until_answer if answered else until_end


def talking(answered: bool, talked: int | None, ended: str | None) -> int | None:
    """How long a call was talked for: not at all where it ended without an answer."""
    return talked if answered or ended is None else 0


def outcome(answered: bool, voicemail: bool | None, missed: str | None, status: str) -> str:
    """What became of a call. Only a missed inbound one has a reason."""
    return "answered" if answered else "voicemail" if voicemail else missed or status


def dollars(amount: str | None) -> str | None:
    """The currency: the reference says U.S. cents."""
    return amount and "USD"


def sides(ours: Reader, theirs: Reader) -> tuple[Reader, Reader]:
    """The caller's and the callee's, of a row that tells the company's side and the other one."""
    return (
        by_word("direction", {"outbound": ours}, other=theirs),
        by_word("direction", {"outbound": theirs}, other=ours),
    )
