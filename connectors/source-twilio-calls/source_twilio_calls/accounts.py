"""The subaccounts of a login, as `GET 2010-04-01/Accounts.json` lists them beside its own account.

`{"accounts": [{"sid": "AC…", "status": "active", "auth_token": "…"}], "next_page_uri": null}`: of a row the SID and the
status are taken. The rest, a secret among it, is dropped unread.
"""

import logging
from collections.abc import Iterator

from cdr.vendor import Ask, BodyError, ConfigError, NextLink, Request

_PAGES = NextLink("next_page_uri", asks=("PageSize", 1000))
_ENDED = "closed"


def subaccounts(ask: Ask) -> Iterator[str]:
    """The SIDs of all accounts that the login sees, but for closed ones. Raises SyncError.

    A login that may not list accounts, as a Standard key, reads its own alone, which a warning says.
    """
    asked, known = Request("2010-04-01/Accounts.json", _PAGES.params(0)), set[str]()
    while True:
        try:
            body = ask(asked)
        except ConfigError as error:
            logging.getLogger("airbyte").warning(
                "This login may not list subaccounts, so the calls of `account_sid` alone are read. Use the auth token "
                f"of the main account or a Main key, or switch `include_subaccounts` off. ({error.message})"
            )
            return
        rows = body.get("accounts") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise BodyError("the list of accounts holds no accounts")
        found = [row for row in rows if isinstance(row, dict) and isinstance(row.get("sid"), str)]
        yield from (row["sid"] for row in found if row.get("status") != _ENDED)
        following, sids = _PAGES.following(body), {row["sid"] for row in found}
        if following is None:
            return
        if sids <= known:
            raise BodyError("the list of accounts does not end: its pages repeat what was read before")
        asked, known = asked.plus(following), known | sids
