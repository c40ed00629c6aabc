"""Importing the CDK for one command: without the half of that second that no connector here needs."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import inspect
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any, Final

_CDK: Final = "airbyte_cdk"
_UNUSED: Final = "boto3"


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Import within this block what a command needs.

    - The CDK's serialisers look for documentation in the source of every class of the protocol, for a schema that
      nobody here asks for: 0.4 s. They go without where Python finds no source.
    - The package `airbyte_cdk` imports all that is in it, for those who want it from there. Its own modules do not, and
      neither do we: 0.1 s. It does so when it is first asked for a name, in the block or behind it.
    - The cache of requests, which is not used, loads the client of Amazon's database where there is one: 0.1 s.
    - The garbage collector searches modules, which stay, for what could go: 0.1 s.

    Ctrl-C ends the process without a word meanwhile: there is nothing to say yet, and a traceback says nothing.
    Behind the block source is read, that client found and garbage collected as before.
    """
    is_main = threading.current_thread() is threading.main_thread()  # only there can signals be handled
    interrupted = signal.signal(signal.SIGINT, signal.SIG_DFL) if is_main else None
    collecting, getsource, modules = gc.isenabled(), inspect.getsource, sys.modules
    hidden = _UNUSED not in modules
    if _CDK not in modules:
        _postpone(_CDK)
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
        if is_main:
            signal.signal(signal.SIGINT, interrupted)


def _no_source(_: Any) -> str:
    raise OSError("no source is read while a command starts")


def _postpone(package: str) -> None:
    """Run a package's own code when it is first asked for a name; its modules can be imported at once."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.loader is None:
        return
    loader, module = spec.loader, importlib.util.module_from_spec(spec)

    def load(name: str) -> Any:
        if f"{package}.{name}" in sys.modules:  # still being imported: Python looks there itself
            raise AttributeError(name)
        if vars(module).pop("__getattr__", None) is not None:
            loader.exec_module(module)
        return getattr(module, name)

    vars(module)["__getattr__"] = load
    sys.modules[package] = module
