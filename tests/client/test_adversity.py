"""Every verb where the world is against it: one sentence and what to do, whatever the API server or AWS answers."""

import re
import shutil
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from smclient.aws.session import told as told_by_aws
from smclient.cli.main import VERBS
from smclient.errors import AWSError
from smclient.kube import transport
from smsandbox.testing.harness import Harness
from smsandbox.testing.json_server import Asked, JsonServer

HERE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml"
ARGUMENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(VERBS, ("iris",)),
    "cost": (),
    "experiments": (),
    "experiment": ("ab",),
    "promote": ("ab", "--yes"),
    "outcomes": ("ab",),
    "answers": ("ab",),
    "invoke": ("iris", "--row", "1"),
    "bootstrap": ("--cluster-id", "u", "--dry-run"),
    "import": ("ml-iris",),
    "upload": (__file__, "s3://models/x"),
    "push": ("iris:dev", "new:1", "--create", "--tool", "docker"),
}
AWS_ALONE = {"bootstrap", "import", "upload", "push"}
NEITHER = {"completion", "console"}
ANSWERS: dict[str, Any] = {
    "500": (500, {"message": "etcdserver: request timed out"}),
    "a proxy's page": (502, b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n</body></html>\r\n"),
    "429": (429, {"message": "too many requests, please try again later"}),
    "403": (403, {"message": 'sagemakerendpoints.smendpoints.dev "iris" is forbidden: User "eve" cannot get'}),
    "401": (401, {"message": "Unauthorized"}),
    "no JSON": b"hello",
    "half of it": b'{"metadata": {"name": "ir',
    "escapes": (500, {"message": "\x1b[2J\x1b]0;title\x07gone\nerror: all is lost"}),
}


class Everything(dict[tuple[str, str], Any]):
    """The same answer to all that is asked."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        del key, default
        return self._answer


def told(ran: Any, *, code: int = 1) -> str:
    """What was said: a sentence, and what to do."""
    assert ran.code == code, ran
    lines = ran.err.splitlines()
    assert len(lines) == 2, ran.err
    assert re.match(r"(error|interrupted)[:,] ", lines[0]), ran.err
    assert not re.search(r"[\x00-\x08\x0b-\x1f]|Traceback|<html", ran.err), ran.err
    return str(ran.err)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried again at once."""
    monkeypatch.setattr(transport, "_PAUSE", 0.0)


OF_KUBERNETES = sorted({*VERBS} - AWS_ALONE - NEITHER - {"doctor"})
CASES = [(verb, answer) for verb in OF_KUBERNETES for answer in ("a proxy's page", "403")]
CASES += [("status", answer) for answer in ANSWERS] + [("suspend", "429"), ("experiment", "escapes")]


@pytest.mark.parametrize(("verb", "answer"), CASES)
def test_whatever_the_api_server_answers(server: JsonServer, smendpoint: Any, verb: str, answer: str) -> None:
    server.answers = Everything(ANSWERS[answer])
    told(smendpoint(verb, *ARGUMENTS[verb]))


@pytest.mark.parametrize("answer", ["500", "a proxy's page", "escapes"])
def test_the_doctor_tells_of_each_thing_that_it_could_not_ask(server: JsonServer, smendpoint: Any, answer: str) -> None:
    server.answers = Everything(ANSWERS[answer])
    ran = smendpoint("doctor", "iris")
    assert ran.code == 1
    assert "\x1b" not in ran.out + ran.err
    assert "the API server refuses" in ran.out + ran.err


def test_a_busy_api_server_is_asked_again_as_it_says(server: JsonServer, endpoint: Any, smendpoint: Any) -> None:
    answers: Iterator[Any] = iter([ANSWERS["429"], endpoint(), ANSWERS["429"], ANSWERS["429"], endpoint()])

    def one(_: Asked) -> Any:
        return next(answers)

    server.answers["GET", f"{HERE}/sagemakerendpoints/iris"] = one
    server.answers["PATCH", f"{HERE}/sagemakerendpoints/iris"] = one
    assert smendpoint("suspend", "iris").code == 0
    assert [each.method for each in server.asked] == ["GET", "GET", "PATCH", "PATCH", "PATCH"]


@pytest.mark.parametrize("verb", ["diff", "invoke", "metrics", "logs", "import", "upload", "push"])
def test_credentials_that_expire_are_told_with_what_to_do(
    server: JsonServer, endpoint: Any, smendpoint: Any, harness: Harness, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(boto3, "Session", lambda **_: harness.session)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    fault = {"code": "ExpiredTokenException", "message": "The security token included in the request is expired"}
    harness.world.faults.add({"kind": "error", "status": 403, **fault})
    server.answers["GET", f"{HERE}/sagemakerendpoints/iris"] = endpoint(monitoring=None)
    said = told(smendpoint(verb, *ARGUMENTS[verb]))
    if verb != "upload":  # of a HEAD AWS's answer has no body, and so no code
        assert "AWS rejected the credentials (ExpiredToken" in said
        assert "Log in to AWS" in said


@pytest.mark.parametrize(
    ("code", "message", "status", "hint"),
    [
        ("ThrottlingException", "Rate exceeded", 400, "try again in a minute"),
        ("InternalFailure", "unknown", 500, "an error on the side of AWS: try again"),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time", 403, "clock"),
        ("InvalidSignatureException", "Signature expired: 20261126T100000Z is now earlier than", 403, "clock"),
        ("ValidationException", "no such thing", 400, ""),
    ],
)
def test_what_aws_refuses_says_what_to_do(code: str, message: str, status: int, hint: str) -> None:
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(AWSError) as refused, told_by_aws("look"):
        raise ClientError(answer, "DescribeEndpoint")
    assert hint in refused.value.hint
    assert bool(hint) == bool(refused.value.hint)


def test_where_aws_cannot_be_reached_the_network_is_named() -> None:
    with pytest.raises(AWSError, match="check the network, the region and AWS_ENDPOINT_URL"), told_by_aws():
        raise EndpointConnectionError(endpoint_url="http://nowhere")


def test_a_clock_that_is_ahead_or_behind_makes_no_negative_ages(
    server: JsonServer, endpoint: Any, smendpoint: Any
) -> None:
    found = endpoint(rollout={"phase": "InProgress", "configName": "c", "startedAt": "2099-01-01T00:00:00Z"})
    found["metadata"]["creationTimestamp"] = "2099-01-01T00:00:00Z"
    server.answers["GET", f"{HERE}/sagemakerendpoints/iris"] = found
    server.answers["GET", f"{HERE}/sagemakerendpoints"] = {"items": [found], "metadata": {}}
    server.answers["GET", "/api/v1/namespaces/ml/events"] = {"items": [], "metadata": {}}
    for arguments in (("status", "iris"), ("status",)):
        ran = smendpoint(*arguments)
        assert ran.code == 0
        assert not re.search(r"(?<![\w.])-\d", ran.out), ran.out


def test_a_thousand_variants_and_revisions_are_shown(server: JsonServer, endpoint: Any, smendpoint: Any) -> None:
    history = [
        {"revision": number, "configName": f"c{number}", "outcome": "Deployed", "at": "2026-11-26T14:00:00Z"}
        for number in range(1000, 0, -1)
    ]
    found = endpoint(history=history)
    found["status"]["variants"] *= 1000
    server.answers["GET", f"{HERE}/sagemakerendpoints/iris"] = found
    server.answers["GET", "/api/v1/namespaces/ml/events"] = {"items": [], "metadata": {}}
    assert len(smendpoint("history", "iris").out.splitlines()) == 1001
    assert smendpoint("status", "iris").code == 0
