"""HTTP/1.1 on a free loopback port, with connections that stay open, and answers that can go wrong on purpose."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from simulators.faults import Response

HOST: Final = "127.0.0.1"
_RESET: Final = struct.pack("ii", 1, 0)  # linger for no time: close() sends RST
_LONGEST_BODY: Final = 1 << 20


@dataclass(frozen=True)
class Request:
    """A request as it came. `path` is decoded; `body` is what was posted."""

    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @cached_property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(self.pairs)

    @cached_property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


Answer = Callable[[Request], Response]


class Server(ThreadingHTTPServer):
    """Answers requests in threads until it is closed."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, answer: Answer, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.closing = Event()
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__((HOST, port), _Handler)
        self._thread = Thread(target=self.serve_forever, args=(0.05,), name=f"simulator:{self.port}", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{HOST}:{self.port}"

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._tls:
            # The handshake is left to the thread of the connection.
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or does not trust the certificate, is no error of the simulator."""
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            super().handle_error(request, client_address)

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self._thread.join()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._answer  # whatever the method
        raise AttributeError(name)

    def _answer(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), _LONGEST_BODY)
        body = self.rfile.read(length) if length else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.answer(Request(self.command, self.path, headers, body)))

    def _send(self, answer: Response) -> None:
        if answer.delivery == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.close_connection = True
            # Close the file descriptor itself: shutdown() would end the connection in good order.
            self.rfile.close()
            self.connection.close()
            return
        if answer.delivery == "hang":
            self._wait()
            return
        whole = answer.delivery == "whole"
        headers = {
            "Date": formatdate(time.time(), usegmt=True),
            "Content-Length": str(len(answer.body)),
            **({"Content-Type": answer.content_type} if answer.body else {}),
            **answer.headers,
        }
        phrase = HTTPStatus(answer.status).phrase
        head = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        body = b"" if self.command == "HEAD" else answer.body if whole else answer.body[: len(answer.body) // 2]
        self.wfile.write("\r\n".join(head).encode("latin-1") + body)
        if answer.delivery == "stall":
            self._wait()
        self.close_connection = self.close_connection or not whole

    def _wait(self) -> None:
        self.server.closing.wait()
        self.close_connection = True

    def finish(self) -> None:
        if self.connection.fileno() >= 0:
            super().finish()

    def log_message(self, *_: Any) -> None:
        """The simulator keeps its own log, without secrets."""
