import contextlib
import gc
import inspect
import subprocess
import sys
from textwrap import dedent

import pytest

from cdr.startup import quick_imports


def test_what_is_changed_for_the_import_is_undone_behind_it():
    before = inspect.getsource
    with contextlib.suppress(ZeroDivisionError), quick_imports():
        assert not gc.isenabled()
        with pytest.raises(OSError, match="no source"):
            inspect.getsource(quick_imports)
        raise ZeroDivisionError
    assert gc.isenabled()
    assert inspect.getsource is before
    assert inspect.getsource(quick_imports)


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        with quick_imports():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_cdk_is_imported_whole_and_without_the_clients_of_databases():
    code = """
        import sys
        from cdr.startup import quick_imports
        with quick_imports():
            import cdr.entrypoint
        from airbyte_cdk.models import AirbyteMessageSerializer, AirbyteLogMessage, AirbyteMessage, Level, Type
        log = AirbyteMessage(type=Type.LOG, log=AirbyteLogMessage(level=Level.INFO, message="hello"))
        assert AirbyteMessageSerializer.dump(log) == {"type": "LOG", "log": {"level": "INFO", "message": "hello"}}
        assert AirbyteMessageSerializer.load({"type": "LOG", "log": {"level": "INFO", "message": "hello"}}) == log
        assert "boto3" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", dedent(code)], check=True, timeout=60)
