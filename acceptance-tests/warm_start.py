"""Runs connectors without paying for the import of the CDK each time: it imports once, and forks for every command.

Read from standard input, a JSON line a command: {"main", "arguments", "environment", "folder", "stdout", "stderr"},
and where nobody wants to wait for its retries, {"waits": false}. The forked child is a process of its own that runs
`main.py` to its end, as `python main.py` does. Its number goes to standard output, and once it has ended its exit code.
"""

import json
import os
import runpy
import sys
import time
from pathlib import Path

from airbyte_cdk.sources.utils import files_directory

import cdr.airbyte.entrypoint  # noqa: F401 - imported for the children, and the CDK with it


def serve() -> dict[str, object] | None:
    """Fork for each command; gives the command in the child, and None in the parent when there are no more."""
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if child == 0:
            return command
        answer(child)
        answer(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return None


def answer(number: int) -> None:
    sys.__stdout__.write(f"{number}\n")
    sys.__stdout__.flush()


asked = serve()
if asked is not None:
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(str(asked[name]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(str(asked["folder"]))
    os.environ.update(asked["environment"])  # type: ignore[call-overload]
    if "AIRBYTE_STAGING_DIRECTORY" in os.environ:  # the CDK looks when it is imported
        files_directory.AIRBYTE_STAGING_DIRECTORY = os.environ["AIRBYTE_STAGING_DIRECTORY"]
    if not asked.get("waits", True):
        sleep = time.sleep
        time.sleep = lambda seconds: sleep(min(seconds, 0.001))
    sys.argv = [str(asked["main"]), *asked["arguments"]]
    sys.path[0] = str(Path(str(asked["main"])).parent)
    runpy.run_path(str(asked["main"]), run_name="__main__")
