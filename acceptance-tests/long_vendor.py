"""A VOXO with years of calls and no memory of them: each call is worked out from its second when it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
_FIRST = int(START.timestamp())
_ROW = (
    '{"id":"%d","uniqueId":"%d.1","time":"%s","callerIdNumber":"+12025550101","callerIdName":"Ada","dialedNum":'
    '"+12025550102","direction":"in","disposition":"answered","duration":9,"afterAnswerDuration":5,"recorded":0}'
)


def names(rows: int, between: int) -> set[int]:
    """The ids of so many calls, so many seconds apart."""
    return set(range(_FIRST, _FIRST + rows * between, between))


def config(url: str, rows: int, between: int, **more: Any) -> dict[str, Any]:
    """A configuration that reads so many calls."""
    end = START + timedelta(seconds=(rows - 1) * between)
    return {
        "start_date": START.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end_date": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "api_url": url,
        "credentials": {"auth_type": "access_token", "access_token": "SECRET-token-of-a-long-vendor"},
        "account": {"account_type": "tenant", "tenant_id": 1001},
        **more,
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    between: int

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        low, high = (
            int(datetime.strptime(asked[name][0], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp())
            for name in ("start", "end")
        )
        first = max(_FIRST, low + (_FIRST - low) % self.between)
        body = f"[{','.join(_row(at) for at in range(first, high + 1, self.between))}]".encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def _row(at: int) -> str:
    return _ROW % (at, at, datetime.fromtimestamp(at, timezone.utc).strftime("%m/%d/%y %H:%M:%S"))


@contextmanager
def serving(between: int) -> Iterator[str]:
    """The address of a vendor that has a call every so many seconds, while the block lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"between": between})) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a reader that is killed hangs up
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
