"""The states of several accounts in the one state of a stream, and what an account that fails means for the others."""

import pytest
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository

from cdr.airbyte.accounts import AccountStates
from cdr.airbyte.unread import UnreadAccounts, error_of, named
from cdr.http.waits import StoppedError
from cdr.schema.errors import ConfigError, TooSlowError, TransientError
from cdr.vendor.accounts import accounts_of, first_account_of
from cdr.vendor.authenticators import LoginRefusedError
from fakes import Paged, config


class Several(Paged):
    @staticmethod
    def accounts(config, ask):
        yield {"api_url": "http://127.0.0.1:1"}
        yield from ({"api_url": url} for url in ask("the list"))

    def account_id(self):
        return self.config.required("api_url")


A, B, C = "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"


def states(given, *accounts, stream=Several, refreshes=False):
    manager = ConnectorStateManager([])
    return AccountStates(stream, accounts, given, manager, InMemoryMessageRepository(), refreshes=refreshes)


def blob(subject):
    return dict(vars(subject.message().state.stream.stream_state))


def test_the_accounts_are_those_that_the_vendor_names_each_once():
    found = accounts_of(Several, config(), lambda request: [B, A, C, B])
    assert [*found] == [A, B, C]
    assert found[C].required("api_url") == C
    assert found[C].integer("num_workers") == 4


def test_the_first_account_is_known_without_a_request():
    assert first_account_of(Several, config()).required("api_url") == A


def test_a_source_of_one_account_keeps_the_state_that_it_had_and_says_whose_it_is():
    subject = states({"slices": [1]}, A)
    assert subject.of(A) == {"slices": [1]}
    subject.put(A, {"slices": [2]})
    assert blob(subject) == {"slices": [2], "account": A}


def test_a_source_that_never_has_several_accounts_keeps_its_state_to_the_letter():
    subject = states({"slices": [1]}, "here", stream=Paged)
    subject.put("here", {"slices": [2]})
    assert blob(subject) == {"slices": [2]}


def test_several_accounts_have_a_state_each_and_one_that_is_new_has_none():
    subject = states({"accounts": {A: {"slices": [1]}, C: {"slices": [3]}}}, A, B)
    assert (subject.of(A), subject.of(B)) == ({"slices": [1]}, {})
    subject.put(B, {"slices": [2]})
    assert blob(subject) == {"accounts": {A: {"slices": [1]}, B: {"slices": [2]}, C: {"slices": [3]}}}


def test_a_message_that_was_made_does_not_change_with_what_comes_later():
    subject = states({}, A, B)
    subject.put(A, {"slices": [1]})
    before = subject.message().state.stream.stream_state
    subject.put(B, {"slices": [2]})
    assert vars(before) == {"accounts": {A: {"slices": [1]}}}


@pytest.mark.parametrize(("given", "whose"), [({"slices": [1], "account": B}, B), ({"slices": [1]}, A)])
def test_the_state_of_one_account_is_that_ones_where_there_are_several(given, whose):
    subject = states(given, A, B)
    assert {account: subject.of(account) for account in (A, B)} == {A: {}, B: {}, whose: {"slices": [1]}}


def test_the_state_of_another_account_stays_beside_ones_own():
    subject = states({"slices": [1], "account": B}, A)
    assert subject.of(A) == {}
    subject.put(A, {"slices": [2]})
    assert blob(subject) == {"accounts": {A: {"slices": [2]}, B: {"slices": [1]}}}


def test_parts_that_are_no_states_are_none():
    assert states({"accounts": {A: "x", B: {}}}, A, B).of(A) == {}
    assert states({"accounts": "x"}, A, B).of(A) == {"accounts": "x"}  # said to be unreadable by the cursor


def test_a_refresh_is_complete_when_it_is_for_every_account():
    subject = states({}, A, B, refreshes=True)
    subject.put(A, {"complete": True})
    assert blob(subject)["complete"] is False
    subject.put(B, {"complete": True})
    assert blob(subject)["complete"] is True


def test_an_error_of_one_account_names_it_and_says_that_the_others_were_read():
    found = error_of({"7": ConfigError("Refused.")}, 3)
    assert isinstance(found, ConfigError)
    assert found.message == "1 of 3 accounts could not be read, the others were. Account 7: Refused."


def test_a_setting_to_change_outranks_a_vendor_to_wait_for_and_equal_reasons_are_said_once():
    found = error_of({"7": TransientError("Busy."), "8": ConfigError("Refused."), "9": TransientError("Busy.")}, 3)
    assert isinstance(found, ConfigError)
    assert found.message == "None of the 3 accounts could be read. Accounts 7, 9: Busy. Account 8: Refused."


def test_one_account_alone_is_not_named():
    assert error_of({"7": TransientError("Busy.")}, 1).message == "Busy."


def test_a_sentence_names_twenty_accounts_at_most():
    assert named([str(number) for number in range(23)]).endswith("18, 19 and 3 more")


@pytest.mark.parametrize("error", [LoginRefusedError("No.", 401), StoppedError("Stopped."), ValueError("a fault")])
def test_what_is_no_accounts_own_fault_stops_all(error):
    assert not UnreadAccounts(3).add("7", error)


def test_a_vendor_that_fails_for_three_accounts_one_after_the_other_is_given_up():
    subject = UnreadAccounts(9)
    assert [subject.add(account, TransientError("Busy.")) for account in "123"] == [True, True, False]


def test_an_account_that_was_read_in_between_shows_that_the_vendor_is_well():
    subject = UnreadAccounts(9)
    for account in "123456":
        assert subject.add(account, TransientError("Busy."))
        subject.one_was_read()


@pytest.mark.parametrize("error", [ConfigError("Refused."), TooSlowError("Slow.")])
def test_any_number_of_accounts_may_be_refused_or_slow(error):
    subject = UnreadAccounts(9)
    assert all(subject.add(account, error) for account in "123456789")
    assert subject.error.message.startswith("None of the 9 accounts")


def test_several_windows_of_one_account_are_one_failure():
    subject = UnreadAccounts(9)
    assert all(subject.add("1", TransientError("Busy.")) for _ in range(5))


@pytest.mark.parametrize(("accounts", "sent"), [(20, 5), (21, 1)])
def test_the_states_of_many_accounts_go_out_once_a_second_at_most(accounts, sent, monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 1000.0)
    subject = states({}, *map(str, range(accounts)))
    for _ in range(5):
        subject.put("0", {"slices": [1]})
        subject.outlet.emit_message(subject.message())
    assert len([*subject.repository.consume_queue()]) == sent
    monkeypatch.setattr("time.monotonic", lambda: 1001.0)
    subject.outlet.emit_message(subject.message())
    assert len([*subject.repository.consume_queue()]) == 1
