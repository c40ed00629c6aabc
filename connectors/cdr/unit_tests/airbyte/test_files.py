"""The files of the command line: each fault is one sentence that names the file, the reason and what to do."""

import json
import os
from pathlib import Path

import pytest
from airbyte_cdk.models import AirbyteStateMessage, AirbyteStateType

from cdr.airbyte import files
from cdr.airbyte.states import plain_states, states_of
from cdr.schema.errors import ConfigError

STATE = {"slices": [], "state_type": "date-range"}
STREAM = {"stream_descriptor": {"name": "calls"}, "stream_state": STATE}


def written(tmp_path, content):
    path = tmp_path / "given.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"a": ', "is not JSON: Expecting value, line 1, column 7"),
        (b'{"a": NaN}', "is not JSON: NaN is no number of JSON"),
        (b'{"a": "\xff\xfe\xfa"}', "is not JSON: it holds bytes that are no text"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "is nested too deeply"),
        (b"[1]", "holds a list, not an object"),
        (b"null", "holds null, not an object"),
    ],
)
def test_a_configuration_that_is_none_is_named_with_the_reason(content, reason, tmp_path):
    path = written(tmp_path, content)
    with pytest.raises(ConfigError) as refused:
        files.read_config(path)
    assert refused.value.message.startswith(f"The configuration file {path} {reason}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_configuration_may_be_saved_as_windows_does(encoding, tmp_path):
    assert files.read_config(written(tmp_path, '{"a": "é"}'.encode(encoding))) == {"a": "é"}


def test_a_file_that_is_missing_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(ConfigError, match="does not exist: check the path; a container sees only"):
        files.read_config(str(tmp_path / "none.json"))
    with pytest.raises(ConfigError, match="is a folder: name the file in it"):
        files.read_config(str(tmp_path))


def test_a_file_that_may_not_be_read_names_the_user_and_what_docker_needs(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigError) as refused:
        files.read_config("secrets/voxo.json")
    for words in (f"may not be read by the user that runs this ({os.geteuid()})", '--user "$(id -u)"'):
        assert words in refused.value.message


def test_json_in_the_place_of_a_path_is_not_printed():
    with pytest.raises(ConfigError, match="as the path of a file") as refused:
        files.read_config('{"password": "SECRET-1"}')
    assert "SECRET" not in refused.value.message


@pytest.mark.parametrize(
    ("catalogue", "reason"),
    [
        ([], "holds a list without a list of streams"),
        ({"streams": {}}, "holds an object without a list of streams"),
        ({"streams": [{"name": "calls"}]}, "is what `discover` answers"),
        ({"type": "CATALOG", "catalog": {"streams": [{"name": "calls"}]}}, "is what `discover` answers"),
        ({"streams": [{"stream": 5}]}, "is missing or wrong at streams/0/stream"),
        ({"streams": [5]}, "is missing or wrong at streams/0"),
    ],
)
def test_a_catalogue_that_is_none_is_named_with_the_place(catalogue, reason, tmp_path):
    path = written(tmp_path, catalogue)
    with pytest.raises(ConfigError) as refused:
        files.read_catalog(path)
    assert refused.value.message.startswith(f"The catalogue file {path} {reason}")


@pytest.mark.parametrize(
    ("document", "warning"),
    [
        ([{"type": "STREAM", "stream": STREAM}], None),
        ([{"stream": STREAM}], None),
        ({"type": "STREAM", "stream": STREAM}, None),
        ({"type": "STATE", "state": {"type": "STREAM", "stream": STREAM}}, None),
        ([{"type": "GLOBAL", "global": {"shared_state": {"a": 1}, "stream_states": [STREAM]}}], "are used"),
        ({"calls": STATE}, "are used"),
        ([{"data": {"calls": STATE}}], "are used"),
        ([{"type": "LEGACY", "data": {"calls": STATE}}], "are used"),
    ],
)
def test_a_state_of_any_form_goes_on_as_one_of_streams(document, warning):
    states = states_of(document, ["calls"])
    (message,) = states.messages
    assert message.type is AirbyteStateType.STREAM
    assert (message.stream.stream_descriptor.name, vars(message.stream.stream_state)) == ("calls", STATE)
    assert warning in states.warning if warning else states.warning is None


@pytest.mark.parametrize("document", [None, [], {}, [{"type": "STREAM", "stream": {**STREAM, "stream_state": None}}]])
def test_a_state_of_nothing_is_taken_without_a_word(document):
    assert states_of(document, ["calls"]) == ([], None)


@pytest.mark.parametrize(
    "document",
    [
        [{"type": "GLOBAL", "global": {"shared_state": {}, "stream_states": []}}],
        [{"type": "GLOBAL", "global": {"shared_state": {}}}],
        {"messages": STATE},
        [{"type": "STREAM", "stream": {**STREAM, "stream_state": [1]}}],
        [{"type": "STREAM"}],
    ],
)
def test_a_state_without_one_that_can_be_read_is_one_warning(document):
    states = states_of(document, ["calls"])
    assert states.messages == []
    assert "everything since start_date is read" in states.warning


@pytest.mark.parametrize("document", [5, "x", [5], [{"stream": {"stream_descriptor": {}}}]])
def test_a_file_without_states_is_named(document, tmp_path):
    path = written(tmp_path, document)
    with pytest.raises(ConfigError) as refused:
        files.read_states(path, ["calls"])
    assert refused.value.message.startswith(f"The state file {path} ")


def test_a_state_that_was_not_read_from_a_file_may_be_global():
    part = {"type": "GLOBAL", "global": {"shared_state": {"a": 1}, "stream_states": [STREAM]}}
    from airbyte_cdk.models import AirbyteStateMessageSerializer

    given: list[AirbyteStateMessage] = [AirbyteStateMessageSerializer.load(part)]
    states = plain_states(given, ["calls"])
    assert [message.type for message in states.messages] == [AirbyteStateType.STREAM]
