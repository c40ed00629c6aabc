"""Files over the wire: gone on with, begun again, given up; and who gets a token."""

import hashlib

import pytest

from cdr.http import downloads
from cdr.http.client import Client
from cdr.http.downloads import FileDownloads
from cdr.http.links import LinkRefusedError, NoFileError
from cdr.http.waits import StoppedError
from cdr.reading.files.stored_files import FileStore
from cdr.schema.errors import ConfigError, TransientError
from cdr.vendor.authenticators import GivenToken
from cdr.vendor.request import Request
from clients import in_turn
from fakes import config
from scripted import serving

pytestmark = pytest.mark.usefixtures("no_secret_outlives_its_test", "waits")

CONTENT = hashlib.shake_256(b"a recording").digest(400_000)
TAG = {"ETag": '"one"', "Content-Type": "audio/mpeg"}
WHOLE = (200, TAG, CONTENT)
# Some of it, then the connection ends.
BROKEN = (200, {**TAG, "Content-Length": "400000"}, CONTENT[:200_000])
TOKEN = Request("calls", headers={"Authorization": "{}", "Accept": "application/json"})


def part(first, **headers):
    said = {"Content-Range": f"bytes {first}-399999/400000", **TAG, **headers}
    return 206, said, CONTENT[first:]


def going_on(first_answer):
    """A host that knows ranges, behind a first answer."""
    left = [first_answer]

    def answer(request):
        if left:
            return left.pop()
        return part(int(request.headers["Range"].removeprefix("bytes=").removesuffix("-")))

    return answer


@pytest.fixture
def fetch(tmp_path):
    """Fetch what a server has; the bytes that then lie in the folder."""

    def fetched(server, *, path="/rec/1.mp3", api_url=None, token=None):
        valid = config(api_url=api_url or server.url)
        subject = Client(valid, GivenToken("SECRET-token"), attempts=4).downloads()
        store = FileStore(tmp_path)
        link = path if "://" in path else server.url + path
        with store.part("recording_files", "name") as sink:
            subject.fetch(link, sink, "file", token)
            stored = store.keep("recording_files", "name", sink)
        content = (tmp_path / "recording_files" / "name").read_bytes()
        assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        return content

    return fetched


def test_a_file_is_fetched_in_pieces(fetch, monkeypatch):
    sizes = []
    write = downloads.FileDownloads._take
    monkeypatch.setattr(FileDownloads, "_take", lambda self, response, sink: write(self, response, Noting(sink, sizes)))
    with serving(in_turn(WHOLE)) as server:
        fetch(server)
    assert sum(sizes) == 400_000
    assert max(sizes) <= 64 * 1024


class Noting:
    """A sink that notes the sizes of what is written."""

    def __init__(self, sink, sizes):
        self.__dict__.update(sink=sink, sizes=sizes)

    def __getattr__(self, name):
        return getattr(self.sink, name)

    def __setattr__(self, name, value):
        setattr(self.sink, name, value)

    def write(self, piece):
        self.sizes.append(len(piece))
        self.sink.write(piece)


def test_a_download_that_breaks_goes_on_where_it_broke(fetch):
    with serving(going_on(BROKEN)) as server:
        assert fetch(server) == CONTENT
        _, second = server.requests
    first = int(second.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < first <= 200_000
    assert second.headers["If-Range"] == '"one"'


@pytest.mark.parametrize(
    "second",
    [
        WHOLE,
        (206, {"Content-Range": "bytes 0-399999/400000", **TAG}, CONTENT),
        (206, TAG, CONTENT),
        (206, {"Content-Range": "bytes 131072-500000/500001"}, b"x"),
        (416, {}, b""),
    ],
    ids=["ranges ignored", "another part", "no range said", "another file", "no such range"],
)
def test_where_it_cannot_go_on_it_begins_again(fetch, second):
    with serving(in_turn(BROKEN, second, WHOLE)) as server:
        assert fetch(server) == CONTENT


@pytest.mark.parametrize("passing", [(500, {}, b""), (503, {}, b""), (429, {}, b""), (408, {}, b""), None])
def test_what_passes_by_itself_is_tried_again(fetch, passing):
    with serving(in_turn(passing, passing, WHOLE)) as server:
        assert fetch(server) == CONTENT


def test_a_host_that_keeps_failing_is_named_without_the_link(fetch):
    with serving(in_turn((503, {}, b""))) as server:
        with pytest.raises(
            TransientError, match=r"127\.0\.0\.1:\d+, failed again and again \(it answered 503\)"
        ) as error:
            fetch(server, path="/rec/1.mp3?X-Amz-Signature=SIGNED")
        assert "SIGNED" not in error.value.message
        assert len(server.requests) == 10


def test_a_host_that_asks_for_an_hour_is_not_waited_for(fetch):
    with serving(in_turn((503, {"Retry-After": "3600"}, b""))) as server:
        with pytest.raises(TransientError):
            fetch(server)
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [404, 410, 418, 204])
def test_what_is_no_file_is_asked_for_once(fetch, status):
    with serving(in_turn((status, {}, b""))) as server:
        with pytest.raises(NoFileError, match=f"answered {status}") as error:
            fetch(server)
        assert not isinstance(error.value, LinkRefusedError)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer", [(400, {}, b""), (401, {}, b""), (403, {}, b""), (200, {"Content-Type": "text/html"}, b"<html>")]
)
def test_a_link_may_be_refused(fetch, answer):
    with serving(in_turn(answer)) as server:
        with pytest.raises(LinkRefusedError):
            fetch(server)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "link", ["ftp://rec.example.com/1.mp3", "file:///etc/passwd", "x", "http://[::1", "https://a..b/1"]
)
def test_what_is_no_address_of_the_web_is_not_asked_for(fetch, link):
    with serving(in_turn(WHOLE)) as server, pytest.raises(NoFileError, match="is no link"):
        fetch(server, path=link if "://" in link else f"gopher://{link}")


def test_a_redirect_within_the_host_is_followed(fetch):
    moved = (302, {"Location": "/rec/2.mp3"}, b"")
    with serving(in_turn(moved, WHOLE)) as server:
        assert fetch(server) == CONTENT
        assert [request.path for request in server.requests] == ["/rec/1.mp3", "/rec/2.mp3"]


def test_a_redirect_to_another_host_is_not_followed(fetch):
    with serving(in_turn(WHOLE)) as other:
        moved = (302, {"Location": f"{other.url}/rec/1.mp3"}, b"")
        with serving(in_turn(moved)) as server, pytest.raises(NoFileError, match="host that the row does not name"):
            fetch(server)
        assert other.requests == []


def test_redirects_end(fetch):
    with serving(in_turn((302, {"Location": "/rec/1.mp3"}, b""))) as server:
        with pytest.raises(NoFileError, match="without end"):
            fetch(server)
        assert len(server.requests) == 6


def test_the_vendors_own_host_gets_the_token_as_the_vendor_wants_it(fetch):
    with serving(in_turn(WHOLE)) as server:
        fetch(server, api_url=f"{server.url}/v1", token=TOKEN)
        (request,) = server.requests
    assert request.headers["Authorization"] == "SECRET-token"
    assert request.headers["Accept"] == "*/*"


@pytest.mark.parametrize("api_url", ["http://127.0.0.1:1", "http://localhost:{port}"])
def test_no_other_host_gets_the_token(fetch, api_url, monkeypatch, tmp_path):
    # Nor a password of this machine's.
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password SECRET-password\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(in_turn(WHOLE)) as server:
        fetch(server, api_url=api_url.format(port=server.server_port), token=TOKEN)
        (request,) = server.requests
    assert "Authorization" not in request.headers
    assert not [text for text in request.headers.values() if "SECRET" in text]


def test_a_file_that_is_too_large_is_not_written_to_its_end(fetch, monkeypatch):
    monkeypatch.setattr(downloads, "LARGEST_FILE", 100_000)
    with serving(in_turn(WHOLE)) as server, pytest.raises(NoFileError, match="larger than 100000 bytes"):
        fetch(server)


def test_a_sync_that_is_stopped_fetches_no_further(tmp_path):
    with serving(in_turn(WHOLE)) as server:
        subject = Client(config(api_url=server.url), GivenToken("SECRET-token")).downloads()
        subject.stop()
        with FileStore(tmp_path).part("recording_files", "name") as sink, pytest.raises(StoppedError):
            subject.fetch(f"{server.url}/1", sink, "file")


def test_files_have_a_budget_of_their_own(fetch, clock):
    """Two a minute for rows, and two a minute for files beside them."""
    with serving(in_turn(WHOLE)) as server:
        client = Client(config(api_url=server.url, requests_per_minute=2), GivenToken("SECRET-token"))
        assert client.downloads() is client.downloads()
        assert client.downloads()._waits is not client._waits


def test_a_certificate_that_is_not_trusted_is_a_setting(fetch, monkeypatch):
    error = downloads.requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED")

    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(downloads.requests.Session, "get", refuse)
    with (
        serving(in_turn(WHOLE)) as server,
        pytest.raises(ConfigError, match="put its certificate into `ca_certificate`"),
    ):
        fetch(server)
