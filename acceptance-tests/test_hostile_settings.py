"""Nothing that a person can put into a configuration, a file or the command line ends in a traceback.

Whatever is drawn, the answer is a success, FAILED, or a config error whose sentence names the property or the file.
"""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folders import written_folder
from hostile import CONTENTS, WORDS, catalogues_of, settings_of, states_of, valid
from hostile_answers import Answer

hostile = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
# The drawn setting was taken, and the request that nobody answered here was sent.
SENT = "answered 403 (no right)", "refused the login with 403"


def command(verb, folder, tmp_path, **files):
    """The arguments of a command whose files hold these documents, valid ones where none is given."""
    documents = {"config": valid(folder), **files}
    arguments = [verb]
    for option, document in documents.items():
        path = tmp_path / f"{option}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        arguments += [f"--{option}", str(path)]
    if verb == "read" and "catalog" not in files:
        arguments += ["--catalog", str(folder / "integration_tests/configured_catalog.json")]
    return arguments


def was_sent(answer):
    return any(words in answer.text for words in SENT)


@written_folder
def test_a_hostile_setting_is_taken_or_refused_by_its_name(folder, tmp_path):
    @hostile
    @given(settings_of(folder), st.sampled_from(["check", "discover", "read"]))
    def answers(drawn, verb):
        config, path, _ = drawn
        answer = Answer(folder, command(verb, folder, tmp_path, config=config))
        answer.assert_sound()
        if answer.sentence is not None and not was_sent(answer):
            assert f"`{path.partition('.')[0]}" in answer.sentence

    answers()


@written_folder
def test_a_hostile_catalogue_is_taken_or_refused_by_the_name_of_its_file(folder, tmp_path):
    @hostile
    @given(catalogues_of(folder))
    def answers(catalogue):
        answer = Answer(folder, command("read", folder, tmp_path, catalog=catalogue))
        answer.assert_sound()
        if answer.sentence is not None and not was_sent(answer):
            assert "catalog.json" in answer.sentence or "The catalogue asks for the stream" in answer.sentence

    answers()


@written_folder
def test_a_hostile_state_is_taken_or_refused_by_the_name_of_its_file(folder, tmp_path):
    @hostile
    @given(states_of(folder))
    def answers(state):
        answer = Answer(folder, command("read", folder, tmp_path, state=state))
        answer.assert_sound()
        if answer.sentence is not None and not was_sent(answer):
            assert "state.json" in answer.sentence

    answers()


@written_folder
def test_a_file_that_holds_anything_is_refused_by_its_name(folder, tmp_path):
    @hostile
    @given(CONTENTS, st.sampled_from(["config", "catalog", "state"]))
    def answers(content, option):
        arguments = command("read", folder, tmp_path)
        (tmp_path / "any.json").write_bytes(content)
        answer = Answer(folder, [*arguments, f"--{option}", str(tmp_path / "any.json")])
        answer.assert_sound()
        if answer.sentence is not None and not was_sent(answer):
            assert "any.json" in answer.sentence or "`" in answer.sentence

    answers()


@written_folder
def test_a_command_line_of_anything_is_refused_in_one_sentence(folder):
    @hostile
    @given(st.lists(WORDS, max_size=5))
    def answers(words):
        answer = Answer(folder, words)
        answer.assert_sound()
        assert answer.sentence is not None or words[:1] == ["spec"]

    answers()
