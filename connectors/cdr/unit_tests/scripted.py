"""A real HTTP server on loopback that answers from a script, for tests of what goes over the wire."""

import threading
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import orjson


class Received(NamedTuple):
    command: str
    path: str
    headers: Message
    body: bytes


class Server(ThreadingHTTPServer):
    """`answer(request)` gives (status, headers, body); a request has command, path, headers and body."""

    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.requests = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        received = Received(self.command, self.path, self.headers, body)
        self.server.requests.append(received)
        answer = self.server.answer(received)
        if answer is None:  # a reset in mid-answer
            self.connection.close()
            self.close_connection = True
            return
        status, headers, body = answer
        body = body if isinstance(body, bytes) else orjson.dumps(body)
        self.send_response(status)
        headers = {"Content-Length": str(len(body)), **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if int(headers["Content-Length"]) != len(body):
            self.close_connection = True

    do_POST = do_GET  # noqa: N815 - the name that http.server calls


@contextmanager
def serving(answer):
    server = Server(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
