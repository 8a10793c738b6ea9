"""Secrets are kept out of what is repeated of a container's log; all else stays readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.domain.observed.log_lines import shown
from smendpoints.domain.observed.redact import conceal_blocks, redact

LONGEST_LINE = 400  # characters of a line that are shown

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


B64 = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
# Tokens that are known by themselves, whatever they are called.
TOKENS = {
    "Hugging Face": "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345",
    "GitHub": "ghp_aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789",
    "GitHub, fine-grained": "github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuV",
    "OpenAI": "sk-proj-aBcDeFgHiJkLmNoPqRsT_uVw-XyZ",
    "an access key's id": "AKIAIOSFODNN7EXAMPLE",
    "a session's id": "ASIAIOSFODNN7EXAMPLE",
    "a secret access key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "a JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "a JWT without a signature": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0In0",
    "PEM in one line": f"-----BEGIN PRIVATE KEY-----\\n{B64}\\n-----END PRIVATE KEY-----",
}
CONTEXTS = {
    "alone": "{}",
    "in a sentence": "logging in with {}, as told.",
    "JSON": '{{"level": "info", "arg": "{}", "n": 1}}',
    "JSON in JSON": '{{"message": "{{\\"arg\\": \\"{}\\"}}"}}',
    "a list of JSON": '["--arg", "{}"]',
    "an environment": "HOME=/root ARG={} LANG=C",
    "export": "export ARG='{}'",
    "a header": "> X-Arg: {}",
    "YAML": "  arg: {}",
    "Python": "environ({{'ARG': '{}', 'HOME': '/root'}})",
    "after an underscore": "key_{}_x",
}
URLS = {"a query": "GET https://h/x?arg={}&n=1", "a user of a URL": "git clone https://{}@github.com/x/y.git"}


@pytest.mark.parametrize("context", (CONTEXTS | URLS).values(), ids=(CONTEXTS | URLS).keys())
@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
def test_a_token_is_gone_from_every_context(token: str, context: str) -> None:
    delimited = context not in {*URLS.values(), CONTEXTS["after an underscore"]}
    if not delimited and token in {TOKENS["a secret access key"], TOKENS["OpenAI"]}:
        return  # known as such by what stands around it alone
    line = context.format(token)
    (said,) = shown([line])
    assert token not in said
    assert token[:24] not in said
    assert "[redacted]" in said


NAMES = ["password", "PASSWORD", "DB_PASS", "db.pass", "pwd", "PGPWD", "PRIVATE_KEY", "private-key", "privateKey"]
NAMES += ["api_key", "X-Api-Key", "client_secret", "HF_TOKEN", "passphrase", "AWS_SECRET_ACCESS_KEY", "AccountKey"]
PAIRS = {
    "an assignment": "{name}={value}",
    "an assignment among others": "user=app;{name}={value};host=db",
    "export": 'export {name}="{value}"',
    "an environment": "HOME=/root {name}={value} LANG=C",
    "YAML": "  {name}: {value}",
    "YAML with quotes": "  {name}: '{value}'",
    "JSON": '{{"user": "x", "{name}": "{value}", "n": 1}}',
    "JSON in JSON": '{{"message": "{{\\"{name}\\": \\"{value}\\"}}"}}',
    "JSON by name and value": '[{{"name": "{name}", "value": "{value}"}}]',
    "a header": "> {name}: {value}",
    "Python": "environ({{'{name}': '{value}'}})",
    "Ruby": "{{:{name} => '{value}'}}",
    "an option": "serve --{name} {value} --port 8080",
    "a query": "GET https://h/x?{name}={value}&n=1",
    "after a time": "2026-11-25T12:00:00Z ERROR cfg:{name}={value}",
}


@given(
    name=st.sampled_from(NAMES),
    how=st.sampled_from(sorted(PAIRS)),
    value=st.from_regex(r"[a-z0-9]{6}[a-zA-Z0-9!#$%*+._-]{4,20}", fullmatch=True),
)
def test_what_is_called_a_secret_is_gone_from_every_context(name: str, how: str, value: str) -> None:
    (said,) = shown([PAIRS[how].format(name=name, value=value)])
    assert value not in said, said


@pytest.mark.parametrize(
    "line", ["PASSWORD {}", "ENV DB_PASSWORD {}", "password {}", "REDIS_TOKEN\t{}", "the passphrase {} x"]
)
def test_a_secret_after_a_blank_is_gone(line: str) -> None:
    assert SECRET not in redact(line.format(SECRET))


PEM = ["-----BEGIN RSA PRIVATE KEY-----", *[B64] * 4, "AbCd==", "-----END RSA PRIVATE KEY-----"]
BLOCKS = {
    "whole": (["before", *PEM, "after"], ["before", "after"]),
    "in one event": (["before", "\n".join(PEM), "after"], ["before", "after"]),
    "without its beginning": ([*PEM[2:], "after"], ["after"]),
    "without its end": (["before", *PEM[:4]], ["before"]),
    "only its middle": ([B64] * 3, []),
    "indented": (["key: |", *[f"  {line}" for line in PEM], "after"], ["after"]),
    "in a string over lines": (
        ['x = """-----BEGIN PRIVATE KEY-----', B64, '-----END PRIVATE KEY-----"""', "after"],
        ["after"],
    ),
}


@pytest.mark.parametrize(("events", "kept"), BLOCKS.values(), ids=BLOCKS.keys())
def test_a_block_of_pem_is_gone_though_it_goes_over_lines(events: list[str], kept: list[str]) -> None:
    said = "\n".join(shown(events))
    assert B64[:20] not in said
    assert "AbCd" not in said
    assert all(line in said for line in kept)


def test_all_between_the_ends_of_pem_is_gone_whatever_it_is() -> None:
    within = ["Proc-Type: 4,ENCRYPTED", "", "short"]
    assert conceal_blocks(["before", PEM[0], *within, PEM[-1], "after"]) == ["before", *["[redacted]"] * 5, "after"]


def test_all_before_the_end_of_pem_is_gone_where_its_beginning_is_not_among_the_lines() -> None:
    assert conceal_blocks([B64, "an odd line", PEM[-1], "after"]) == [*["[redacted]"] * 3, "after"]
    begins = conceal_blocks([B64, "ready to serve", PEM[0], PEM[-1], "after"])
    assert begins == ["[redacted]", "ready to serve", *["[redacted]"] * 2, "after"], "it begins there"


def test_what_is_before_the_beginning_of_pem_stays() -> None:
    found = conceal_blocks(['x = """-----BEGIN PRIVATE KEY-----', B64, '-----END PRIVATE KEY-----"""'])
    assert found == ['x = """ [redacted]', "[redacted]", "[redacted]"]


def test_one_line_of_base64_hides_no_other() -> None:
    assert conceal_blocks([B64, "ready to serve", "200 OK"]) == ["[redacted]", "ready to serve", "200 OK"]


@pytest.mark.parametrize("opening", ["password:", "password: |", "client_secret: >-", '"password":', "export TOKEN=\\"])
def test_a_value_on_the_line_after_its_key_is_gone(opening: str) -> None:
    said = shown(["before", opening, f"  {SECRET}", "after: 1"])
    assert SECRET not in "\n".join(said)
    assert said[-1] == "after: 1"


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
    "Loading tokenizer: bert-base, tokenizers=0.19",
    "password authentication failed for user app",
    "digest sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "compass=north bypass: on, 3 tests passed: ok",
    "reading /opt/ml/code/Serving/Handlers/Inference/Predictors/Version2/loader",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf is not there",
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


def test_a_line_that_is_too_long_to_be_looked_at_says_so_though_little_of_it_is_left() -> None:
    assert redact("password=" + "x" * 5000).endswith("…")


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
    "one beginning of PEM again and again": "-----BEGIN PRIVATE KEY-----" * 8_000,
    "brackets": "[" * 200_000,
    "base64": "aB1" * 70_000,
    "JSON of many members": "{" + ", ".join(f'"k{n}": "password=x"' for n in range(9_000)) + "}",
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_line_keeps_the_operator_busy(line: str) -> None:
    """Without a bound on what is looked at, each of these takes minutes; the test's own time limit is the judge."""
    assert len(redact(line)) <= LONGEST_LINE
    assert all(len(each) <= LONGEST_LINE for each in shown([line] * 20))


def test_a_line_that_is_not_looked_at_to_its_end_says_so() -> None:
    spaced = "a" * 39 + " "
    assert redact(spaced * 10) == spaced * 10
    assert redact(f"{spaced * 10}b") == f"{spaced * 9}{'a' * 39}…"
    assert redact(spaced * 41).endswith("…")
    hidden = "password=" + "b" * 1600  # what is left of it is short
    assert redact(hidden).endswith("…")


@pytest.mark.parametrize(("length", "marked"), [(1600, False), (1601, True)])
def test_a_line_says_that_its_end_was_not_looked_at(length: int, marked: bool) -> None:
    line = f"password={'x' * (length - len('password='))}"
    assert redact(line) == f"password=[redacted]{'…' if marked else ''}"
