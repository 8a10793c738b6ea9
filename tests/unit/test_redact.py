"""Secrets are kept out of what is repeated of a container's log; all else stays readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.domain.redact import LONGEST_LINE, redact

SECRET = "hunter2hunter2"
SECRETS = {
    "an assignment": f"password={SECRET}",
    "an environment variable": f"export AWS_SECRET_ACCESS_KEY={SECRET}",
    "a session token": f"AWS_SESSION_TOKEN: {SECRET}",
    "an API key": f"api-key = {SECRET}",
    "a member of JSON": f'{{"user": "x", "db_password": "{SECRET}", "port": 1}}',
    "a member of JSON with blanks in it": f'{{"client_secret" : "{SECRET} and {SECRET}"}}',
    "a member of JSON in a text of JSON": f'{{"message": "{{\\"password\\": \\"{SECRET}\\"}}"}}',
    "an entry of a Python dictionary": f"{{'token': '{SECRET}'}}",
    "a header": f"Authorization: Bearer {SECRET}",
    "a header of basic authentication": f"authorization: Basic {SECRET}==",
    "a user's password in a URL": f"connecting to postgres://app:{SECRET}@db.internal:5432/x",
    "a signature of a presigned URL": f"GET https://b.s3.amazonaws.com/k?X-Amz-Expires=9&X-Amz-Signature={SECRET}&x=1",
    "a token of a presigned URL": f"GET https://b.s3.amazonaws.com/k?X-Amz-Security-Token={SECRET}",
    "a shared access signature": f"https://x.blob.core.windows.net/c?sv=1&sig={SECRET}",
}


@pytest.mark.parametrize("line", SECRETS.values(), ids=SECRETS.keys())
def test_the_secret_is_gone_from(line: str) -> None:
    assert SECRET not in redact(line)
    assert "[redacted]" in redact(line)
    assert SECRET not in redact(redact(line))


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
def test_access_key_ids_are_gone(key: str) -> None:
    assert redact(f"using {key}.") == "using [redacted]."


def test_a_signed_token_is_gone() -> None:
    assert redact("got eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl ok") == "got [redacted] ok"


PLAIN = [
    "ModuleNotFoundError: No module named 'sklearn'",
    "[2026-11-22 12:00:00 +0000] [7] [INFO] Listening at: http://0.0.0.0:8080 (7)",
    "FileNotFoundError: [Errno 2] No such file or directory: '/opt/ml/model/model.pkl'",
    "max_tokens 512, tokenizer loaded",
    "",
]


@pytest.mark.parametrize("line", PLAIN)
def test_a_line_without_secrets_stays_as_it_is(line: str) -> None:
    assert redact(line) == line


def test_what_stands_around_a_secret_stays() -> None:
    assert redact("user=app password=x1 host=db") == "user=app password=[redacted] host=db"


def test_a_long_line_is_cut_and_says_so() -> None:
    cut = redact("x" * 1000)
    assert len(cut) == LONGEST_LINE
    assert cut.endswith("x…")


def test_a_secret_is_not_saved_by_the_cut() -> None:
    assert SECRET not in redact("." * (LONGEST_LINE - 20) + f" password={SECRET}")


@given(st.text(max_size=600))
def test_any_line_is_taken_and_none_gets_longer_than_the_longest(line: str) -> None:
    once = redact(line)
    assert len(once) <= LONGEST_LINE
    assert len(redact(once)) <= LONGEST_LINE


@given(before=st.text(max_size=50), after=st.text(max_size=50))
def test_whatever_stands_around_it_a_password_is_gone(before: str, after: str) -> None:
    assert SECRET not in redact(f"{before} password={SECRET} {after}")


HOSTILE = {
    "one word": "a" * 200_000,
    "one keyword again and again": "password" * 25_000,
    "one beginning of a URL again and again": "://a:" * 40_000,
    "one quotation that never ends": 'token="' + "x" * 200_000,
    "blanks": "secret" + " " * 200_000,
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_line_keeps_the_operator_busy(line: str) -> None:
    """Without a bound on what is looked at, each of these takes minutes; the test's own time limit is the judge."""
    assert len(redact(line)) <= LONGEST_LINE
