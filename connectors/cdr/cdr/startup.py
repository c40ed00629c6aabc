"""Importing the CDK for one command: without the half of that second that no connector here needs."""

from __future__ import annotations

import contextlib
import gc
import inspect
import sys
from collections.abc import Iterator
from typing import Any, Final

_UNUSED: Final = "boto3"


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Import within this block what a command needs; what was changed for it is undone behind the block.

    - The CDK's serialisers look for documentation in the source of every class of the protocol, for a schema that
      nobody here asks for: 0.4 s. They go without where Python finds no source.
    - The cache of requests, which is not used, loads the client of Amazon's database where there is one: 0.1 s.
    - The garbage collector searches modules, which stay, for what could go: 0.1 s.
    """
    collecting, getsource, modules = gc.isenabled(), inspect.getsource, sys.modules
    hidden = _UNUSED not in modules
    gc.disable()
    inspect.getsource = _no_source  # type: ignore[assignment]  # narrower than what it stands for
    if hidden:
        modules[_UNUSED] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        yield
    finally:
        inspect.getsource = getsource
        if hidden:
            del modules[_UNUSED]
        if collecting:
            gc.enable()


def _no_source(_: Any) -> str:
    raise OSError("no source is read while a command starts")
