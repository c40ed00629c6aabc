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
    run(code)


def test_the_package_of_the_cdk_is_whole_once_it_is_asked_for_a_name():
    run("""
        import sys
        from cdr.startup import quick_imports
        with quick_imports():
            import cdr.entrypoint
        import airbyte_cdk
        assert "airbyte_cdk.destinations" not in sys.modules
        assert airbyte_cdk.models.Type
        assert "airbyte_cdk.destinations" not in sys.modules
        from airbyte_cdk import Destination, Source
        from airbyte_cdk.entrypoint import Source as SourceOfTheModule
        assert Source is SourceOfTheModule
        assert airbyte_cdk.__version__ and airbyte_cdk.TypeTransformer
        assert not hasattr(airbyte_cdk, "nothing_of_that_name")
    """)


def test_a_cdk_that_is_there_already_is_left_alone():
    run("""
        import airbyte_cdk
        from cdr.startup import quick_imports
        with quick_imports():
            import cdr.entrypoint, sys
        assert sys.modules["airbyte_cdk"] is airbyte_cdk
    """)


def run(code):
    subprocess.run([sys.executable, "-c", dedent(code)], check=True, timeout=60)
