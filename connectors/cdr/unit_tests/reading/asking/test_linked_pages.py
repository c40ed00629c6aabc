"""Pages of which each names the next one: followed in order, held against totals, and never for ever."""

from datetime import timedelta

import pytest

from cdr.schema.errors import BodyError, TransientError
from cdr.vendor.paginators import NextLink, NextToken
from fakes import DAY
from syncs import Account, Calls, RefusalError, call, ids, spread, synced

LINK = NextLink("next", asks=("size", 10))


class Linking(Calls):
    paginator = LINK


class Tokened(Calls):
    paginator = NextToken("next.token", "cursor", asks=("size", 10))


class Untotalled(Linking):
    total = ()


class LinkedAccount(Account):
    """Names its next page by a link to another host, with a token that says where the page begins."""

    kind = "link"
    always = False
    stuck = False

    def answer(self, request):
        params, size = request.params, int(request.params["size"])
        found = self.found(params)
        start = int(params.get("cursor", params.get("PageToken", "PA0")).removeprefix("PA"))
        start = 0 if self.stuck else start
        rows = found[start : start + size]
        answer = {"rows": rows, **({} if self.totals == "none" else {"total": len(found)})}
        if start + size < len(found) or self.always:
            token = f"PA{start + size}"
            link = f"https://elsewhere.example.com/v2/other?PageToken={token}&size={size}"
            answer["next"] = {"token": token} if self.kind == "token" else link
        return answer


def account(calls, **more):
    made = LinkedAccount(calls, **{name: more.pop(name) for name in ("totals", "before", "changed") if name in more})
    for name, value in more.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(("stream", "kind"), [(Linking, "link"), (Tokened, "token"), (Untotalled, "link")])
def test_every_page_that_is_named_is_read_and_none_behind_the_last(stream, kind):
    calls = spread(35)
    server = account(calls, kind=kind)
    assert sorted(synced(server, stream).ids) == sorted(ids(calls))
    assert len(server.requests) == 4


def test_a_link_is_followed_for_its_parameters_only_and_the_period_stays():
    server = account(spread(25))
    synced(server, Linking)
    first, second, third = server.requests
    assert dict(second) == {**first, "PageToken": "PA10"}
    assert dict(third) == {**first, "PageToken": "PA20"}


def test_the_path_stays_the_streams_own():
    paths = []

    class Recorder(LinkedAccount):
        def get(self, request, **more):
            paths.append(request.path)
            return super().get(request, **more)

    synced(Recorder(spread(25)), Linking)
    assert set(paths) == {"calls"}


def test_a_full_last_page_without_a_link_is_the_end():
    server = account(spread(20))
    assert len(synced(server, Linking).ids) == 20
    assert len(server.requests) == 2


def test_an_empty_page_that_names_another_one_is_not_the_end():
    calls = spread(15)

    def emptied(params, answer):
        if "PageToken" not in params:
            return {"rows": [], "next": "?PageToken=PA0&empty=1"}
        return answer

    assert sorted(synced(account(calls, changed=emptied), Untotalled).ids) == sorted(ids(calls))


@pytest.mark.parametrize("rows", [3, 0])
def test_a_link_that_repeats_itself_is_an_error(rows):
    served = iter(range(1000))

    def repeated(params, answer):
        calls = [call(next(served), DAY.start + timedelta(minutes=5)) for _ in range(rows)]
        return {"rows": calls, "next": "?PageToken=PA10&more"}

    server = account([], changed=repeated)
    with pytest.raises(TransientError, match="does not end"):
        synced(server, Untotalled)
    assert len(server.requests) == 2


def test_links_to_empty_pages_without_an_end_are_an_error():
    def endless(params, answer):
        return {"rows": [], "next": f"?PageToken={int(params.get('PageToken', 0)) + 1}"}

    with pytest.raises(TransientError, match="does not end"):
        synced(account([], changed=endless), Untotalled)


def test_a_server_that_ignores_the_token_is_read_in_halves():
    calls = spread(25)
    server = account(calls, stuck=True)
    assert sorted(synced(server, Linking).ids) == sorted(ids(calls))
    assert "page_size" in synced(account(calls, stuck=True), Linking).points


def test_a_page_that_was_refused_once_is_asked_for_once_more():
    calls, refused = spread(35), []

    def refuse_once(params):
        if params.get("PageToken") == "PA20" and not refused:
            refused.append(params)
            raise RefusalError(404, "not found")

    assert sorted(synced(account(calls, before=refuse_once), Untotalled).ids) == sorted(ids(calls))


def test_a_page_that_is_refused_twice_is_an_error_and_no_end():
    def refuse(params):
        if params.get("PageToken") == "PA20":
            raise RefusalError(404, "not found")

    with pytest.raises(TransientError, match=r"refuses page 3 .* although the page before names it: HTTP 404"):
        synced(account(spread(35), before=refuse), Untotalled)


def test_another_error_of_a_page_stays_what_it_is():
    def refuse(params):
        if "PageToken" in params:
            raise RefusalError(403, "no more")

    with pytest.raises(RefusalError):
        synced(account(spread(35), before=refuse), Linking)


def test_a_total_that_is_not_reached_is_read_again_in_halves():
    calls, seen = spread(25), []

    def short(params, answer):
        seen.append(params)
        return {**answer, "rows": answer["rows"][1:]} if len(seen) == 1 else answer

    assert sorted(synced(account(calls, changed=short), Linking).ids) == sorted(ids(calls))


def test_a_total_that_is_never_reached_ends_with_both_figures():
    with pytest.raises(TransientError, match="24 rows received, 25 stated"):
        synced(
            account(
                spread(25),
                changed=lambda _, answer: {**answer, "rows": [row for row in answer["rows"] if row["id"] != "c7"]},
            ),
            Linking,
        )


def test_a_filter_that_is_ignored_shows_though_only_a_later_page_has_rows_from_elsewhere():
    near = spread(15)
    far = [call(100 + number, DAY.start - timedelta(days=90, minutes=number)) for number in range(15)]
    server = account([*near, *far])
    server.filter = False
    subject = synced(server, Untotalled)
    assert sorted(subject.ids) == sorted(ids(near))
    assert "filter" in subject.points


@pytest.mark.parametrize("end", [None, "", " ", False])
def test_nothing_where_the_link_should_be_is_the_end(end):
    assert LINK.following({"next": end}) is None
    assert LINK.following({}) is None
    assert LINK.following([]) is None


@pytest.mark.parametrize(
    "link", ["/calls", "https://host", "http://[broken?a=1", ["/calls?page=2"], {"uri": "?a=1"}, True]
)
def test_a_link_that_names_no_parameters_is_a_broken_answer(link):
    with pytest.raises(BodyError, match="next page"):
        LINK.following({"next": link})


def test_a_token_may_be_a_number():
    assert NextToken("meta.next", "after").following({"meta": {"next": 17}}) == {"after": "17"}


def test_the_page_size_is_asked_for_where_the_vendor_takes_one():
    assert LINK.params(0) == {"size": "10"}
    assert LINK.size == 10
    assert NextLink("next", usual=20).params(0) == {}
    assert NextLink("next", usual=20).size == 20


def test_a_first_page_without_a_link_is_the_only_one():
    assert LINK.pages(LINK.info({"total": 3}, 3, "total")) == 1
    assert LINK.pages(LINK.info({"total": 25, "next": "?a=1"}, 10, "total")) == 3


class Numbered(Calls):
    total = ()
    paginator = NextLink("next", asks=("size", 10), granted="size", numbered=("page", "page"))


class UnlinkedAccount(Account):
    """Numbers its pages, and names none."""

    def answer(self, request):
        found, page, size = self.found(request.params), int(request.params.get("page", 1)), 10
        return {"rows": found[(page - 1) * size : page * size], "page": page, "size": size}


@pytest.mark.parametrize(("count", "requests"), [(35, 4), (30, 4), (9, 1)])
def test_a_full_page_without_a_link_is_not_taken_for_the_last_one_where_pages_have_numbers(count, requests):
    calls = spread(count)
    server = UnlinkedAccount(calls)
    assert sorted(synced(server, Numbered).ids) == sorted(ids(calls))
    assert len(server.requests) == requests


def test_a_page_without_a_number_and_without_a_link_is_the_last_one():
    assert Numbered.paginator.info({"size": 10}, 10, ()).following is None
    assert Numbered.paginator.info({"size": 10, "page": 2}, 10, ()).following == {"page": "3"}
    assert Numbered.paginator.info({"size": 10, "page": 2, "next": "?page=9"}, 10, ()).following == {"page": "9"}
