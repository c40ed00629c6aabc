"""Answers that say they failed: which of their words refuse the token, and which the right."""

import pytest

from source_acefone.answers import failure


@pytest.mark.parametrize(
    "words",
    [
        "Unauthorized",
        "Unauthorised access",
        "Unauthenticated.",
        "Invalid token",
        "Token has expired",
        "The access token is missing",
        "token_invalid: the token could not be found: invalid",
        "Authorization header is required",
        "API key not valid",
        "Authentication failed",
    ],
)
def test_words_that_refuse_the_token_are_a_refusal(words):
    assert failure({"success": False, "message": words}).status == 401


@pytest.mark.parametrize("words", ["Access denied", "You do not have permission", "Not allowed", "Forbidden"])
def test_words_that_refuse_the_right_are_a_refusal(words):
    assert failure({"success": False, "message": words}).status == 403


@pytest.mark.parametrize(
    "words", ["Something went wrong", "Too many requests", "Invalid date", "from_date is required", "", None]
)
def test_other_words_can_pass_by_themselves(words):
    assert failure({"success": False, "message": words}).status is None


def test_a_status_in_the_body_outranks_its_words():
    assert failure({"success": False, "code": 401, "message": "No"}).status == 401
    assert failure({"success": "false", "status": "403", "message": "No"}).status == 403
