"""Requests: what is sent, what is made of answers and refusals, and asynchronous ones awaited."""

import io
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError as BotoError
from botocore.exceptions import NoCredentialsError, NoRegionError

from smclient.aws.invoking import Asking, Invoker
from smclient.aws.session import Aws, told
from smclient.endpoint import Endpoint
from smclient.errors import AWSError, ClientError
from smclient.kube.cluster import Cluster
from smclient.kube.kubeconfig import Access
from smclient.payload import Payload, content_type, csv_rows, payload_of
from smclient.views.fields import region_of
from smsandbox.testing.json_server import JsonServer

HERE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerendpoints"


@pytest.mark.parametrize(
    ("body", "name", "kind"),
    [
        (b"1,2\n", "rows.json", "application/json"),
        (b"1,2\n", "rows.CSV", "text/csv"),
        (b'{"instances": [[1]]}', "", "application/json"),
        (b"[1, 2]\n[3, 4]\n", "", "application/jsonlines"),
        (b'{"instances": [[1]', "", "application/json"),
        (b"5.1,3.5\n", "folder.d/rows", "text/csv"),
        (b"\x93NUMPY\x01", "", "application/x-npy"),
        (b"\xff\xd8\xff", "", "application/octet-stream"),
        (b"\xff\xd8\xff", "a.jpg", "image/jpeg"),
    ],
)
def test_a_body_is_known_by_its_name_and_its_looks(body: bytes, name: str, kind: str) -> None:
    # What begins as one JSON document and is broken is sent as such: the container says where.
    assert content_type(body, name) == kind


class Table:
    """What of a DataFrame is looked at."""

    columns = ("a", "b")

    def to_csv(self, *, index: bool) -> str:
        return "a,b\n1,2\n" if not index else "wrong"


class Array:
    """What of a NumPy array is looked at."""

    def tolist(self) -> list[list[float]]:
        return [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("rows", "body", "kind"),
    [
        ([[1, 2.5]], b'{"instances": [[1, 2.5]]}', "application/json"),
        (((1, 2),), b'{"instances": [[1, 2]]}', "application/json"),
        (Array(), b'{"instances": [[1.0, 2.0]]}', "application/json"),
        ([{"a": 1, "b,c": 2}], b'a,"b,c"\n1,2\n', "text/csv; header=present"),
        (Table(), b"a,b\n1,2\n", "text/csv; header=present"),
    ],
)
def test_rows_of_a_program_become_a_body(rows: Any, body: bytes, kind: str) -> None:
    assert payload_of(rows) == Payload(body, kind)


@pytest.mark.parametrize(
    "rows", ["text", [], 5, [1, 2], [[1], "x"], [[float("nan")]], [{"a": 1}, {"b": 1}], [[object()]]]
)
def test_what_is_no_row_is_refused_with_a_sentence(rows: Any) -> None:
    with pytest.raises(ClientError):
        payload_of(rows)


def test_typed_rows_are_csv() -> None:
    assert csv_rows(["1,2 ", " 3,4"]) == Payload(b"1,2\n3,4\n", "text/csv")


def test_the_explanation_is_asked_for_beside_other_attributes() -> None:
    assert Asking().attributes() is None
    assert Asking(explain=()).attributes() == "explain=true"
    assert Asking(custom_attributes="a=b", explain=("set", "shap")).attributes() == "a=b;explain=set,shap"


def refused(code: str, message: str, **more: Any) -> BotoError:
    response: Any = {"Error": {"Code": code, "Message": message}, **more}
    return BotoError(response, "Operation")


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (
            refused("ExpiredToken", "x"),
            "cannot look: AWS rejected the credentials (ExpiredToken)",
            "log in to AWS",
        ),
        (
            refused("AccessDeniedException", "User: u is not authorized to perform: sagemaker:InvokeEndpoint on r"),
            "cannot look: User: u is not authorized",
            "ask for the permission sagemaker:InvokeEndpoint",
        ),
        (refused("ValidationError", "no such"), "cannot look: no such", ""),
        (NoCredentialsError(), "cannot look: there are no AWS credentials", "log in to AWS"),
        (NoRegionError(), "no AWS region is known", "set AWS_REGION"),
    ],
)
def test_what_aws_refuses_is_a_sentence_and_what_to_do(error: Exception, message: str, hint: str) -> None:
    with pytest.raises(AWSError) as raised, told("look"):
        raise error
    assert raised.value.message.startswith(message)
    assert raised.value.hint.startswith(hint)


def test_a_fault_of_our_own_is_not_taken_for_awss() -> None:
    with pytest.raises(KeyError), told("look"):
        raise KeyError("x")


def test_the_region_is_that_of_the_endpoint() -> None:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x"
    assert region_of({"spec": {"region": "us-east-1"}, "status": {"endpoint": {"arn": arn}}}) == "eu-west-1"
    assert region_of({"spec": {"region": "us-east-2"}}) == "us-east-2"
    assert region_of({"spec": {}, "status": {"resolved": {"region": "us-west-2"}}}) == "us-west-2"
    assert region_of({"spec": {}}) is None


@dataclass
class Storage:
    """S3 in a dictionary; what is written under `answers/` comes after `absent` looks."""

    objects: dict[str, bytes] = field(default_factory=dict)
    absent: int = 0

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        self.objects[f"{Bucket}/{Key}"] = Body

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        found = self.objects.get(f"{Bucket}/{Key}")
        if found is None or self.absent > 0:
            self.absent -= 1
            raise refused("NoSuchKey", "The specified key does not exist.")
        return {"Body": io.BytesIO(found), "ContentType": "application/json"}

    def delete_object(self, Bucket: str, Key: str) -> None:
        self.objects.pop(f"{Bucket}/{Key}", None)


@dataclass
class Runtime:
    """SageMaker Runtime."""

    answer: Callable[[Mapping[str, Any]], dict[str, Any]]

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        return self.answer(request)

    invoke_endpoint_async = invoke_endpoint
    invoke_endpoint_with_response_stream = invoke_endpoint


class Clock:
    """Time that sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def invoker(answer: Callable[[Mapping[str, Any]], dict[str, Any]], storage: Storage | None = None) -> Invoker:
    aws, clock = Aws("us-east-1"), Clock()
    aws._clients |= {"sagemaker-runtime": Runtime(answer), "s3": storage or Storage()}
    return Invoker(aws, "ml-iris", clock, clock.sleep)


def test_what_is_asked_for_reaches_aws_and_nothing_else() -> None:
    seen: list[Mapping[str, Any]] = []

    def answer(request: Mapping[str, Any]) -> dict[str, Any]:
        seen.append(request)
        return {"Body": io.BytesIO(b"[1]"), "ContentType": "application/json", "InvokedProductionVariant": "rf"}

    found = invoker(answer).invoke(Payload(b"1,2", "text/csv"), Asking(target_variant="rf", explain=()))
    assert (found.json(), found.variant) == ([1], "rf")
    assert seen == [
        {
            "EndpointName": "ml-iris",
            "Body": b"1,2",
            "ContentType": "text/csv",
            "TargetVariant": "rf",
            "CustomAttributes": "explain=true",
        }
    ]


@pytest.mark.parametrize(("status", "hint"), [(400, "change the request"), (500, "see `kubectl smendpoint status`")])
def test_a_models_refusal_is_told_in_its_own_words(status: int, hint: str) -> None:
    def answer(_: Mapping[str, Any]) -> dict[str, Any]:
        raise refused("ModelError", "Received ...", OriginalStatusCode=status, OriginalMessage="expected 4 numbers")

    with pytest.raises(AWSError, match=f"the model answered {status}: expected 4 numbers") as raised:
        invoker(answer).invoke(Payload(b"", "text/csv"), Asking())
    assert raised.value.hint.startswith(hint)


def test_a_stream_that_breaks_is_told_after_what_came() -> None:
    def answer(_: Mapping[str, Any]) -> dict[str, Any]:
        parts = [{"PayloadPart": {"Bytes": b"a"}}, {"ModelStreamError": {"Message": "out of memory"}}]
        return {"Body": parts}

    parts = invoker(answer).stream(Payload(b"", "text/csv"), Asking())
    assert next(parts) == b"a"
    with pytest.raises(AWSError, match="the stream broke: out of memory"):
        next(parts)


def accepted(_: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "InferenceId": "i",
        "OutputLocation": "s3://bucket/answers/i.out",
        "FailureLocation": "s3://bucket/failures/i.err",
    }


def test_an_asynchronous_answer_is_awaited_and_the_request_taken_away() -> None:
    storage = Storage({"bucket/answers/i.out": b"[1]"}, absent=5)
    asking = invoker(accepted, storage)
    pending = asking.submit(Payload(b"1,2", "text/csv"), Asking(), "s3://bucket/answers/")
    assert pending.uploaded is not None
    assert storage.objects[pending.uploaded.removeprefix("s3://")] == b"1,2"
    assert asking.answer(pending, 60).json() == [1]
    assert storage.objects == {"bucket/answers/i.out": b"[1]"}


def test_an_asynchronous_failure_is_told_with_what_aws_wrote() -> None:
    storage = Storage({"bucket/failures/i.err": b"no memory"})
    asking = invoker(accepted, storage)
    with pytest.raises(AWSError, match="the request failed: no memory"):
        asking.answer(asking.submit("s3://bucket/in", Asking(), "s3://bucket/answers"), 60)


def test_an_answer_that_does_not_come_is_told_with_where_it_will_be() -> None:
    asking = invoker(accepted)
    with pytest.raises(
        AWSError,
        match=r"no response after 3 s; the request is still queued; the response will be at s3://bucket/answers/i.out",
    ):
        asking.answer(asking.submit("s3://bucket/in", Asking(), "s3://bucket/answers"), 3)


def test_a_refused_request_leaves_nothing_in_s3() -> None:
    def answer(_: Mapping[str, Any]) -> dict[str, Any]:
        raise refused("ValidationError", "not found")

    storage = Storage()
    with pytest.raises(AWSError):
        invoker(answer, storage).submit(Payload(b"1", "text/csv"), Asking(), "s3://bucket/answers")
    assert storage.objects == {}


def test_a_program_predicts(server: JsonServer, endpoint: Any) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint()
    cluster = Cluster(Access(server.url, namespace="ml"))
    predictions = {"predictions": [{"predicted_class": "setosa"}]}

    def answer(request: Mapping[str, Any]) -> dict[str, Any]:
        assert request["CustomAttributes"] == "explain=set"
        return {"Body": io.BytesIO(json.dumps(predictions).encode()), "InvokedProductionVariant": "rf"}

    with Endpoint("iris", cluster=cluster) as found:
        found._invoker = invoker(answer)
        predicted = found.predict([[1, 2, 3, 4]], explain=["set"])
        assert (predicted.predictions, predicted.variant) == (predictions["predictions"], "rf")
        assert found.status().phase == "Ready"
        assert found.wait("ready") is not None


def test_a_pipe_gets_the_body_alone_and_what_is_said_of_it_stands_before(
    server: JsonServer, endpoint: Any, smendpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who pipes into a program that writes to the same terminal, or takes both (`2>&1`), sees the note in a line."""
    server.answers["GET", f"{HERE}/iris"] = endpoint()
    monkeypatch.setattr("smclient.endpoint.invoker_of", lambda _: invoker(lambda _: {"Body": io.BytesIO(b"[1]")}))
    ran = smendpoint("invoke", "iris", "--row", "1")
    assert (ran.code, ran.out) == (0, "[1]")
    assert re.fullmatch(r"answered in \d+ ms \(.*\)\n", ran.err)
    with monkeypatch.context() as both:
        both.setattr(sys, "stderr", sys.stdout)
        printed = smendpoint("invoke", "iris", "--row", "1").out
    assert re.fullmatch(r"answered in \d+ ms \(.*\)\n\[1\]", printed)


def test_an_object_without_an_endpoint_cannot_be_asked(server: JsonServer, endpoint: Any, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint(endpoint=None)
    ran = smendpoint("invoke", "iris", "--row", "1")
    assert (ran.code, ran.err.splitlines()[0]) == (1, "error: ml/iris has no endpoint yet")


def test_what_does_not_go_together_is_wrong_usage(server: JsonServer, endpoint: Any, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint()
    assert smendpoint("invoke", "iris", "--row", "1", "-f", "x").code == 2
    assert smendpoint("invoke", "iris", "--row", "1", "--stream", "-o", "json").code == 2
    assert "is not asynchronous" in smendpoint("invoke", "iris", "--row", "1", "--no-wait").err
    assert smendpoint("invoke", "iris", "-f", "/absent/rows.csv").err == (
        "error: cannot read /absent/rows.csv: No such file or directory\n"
    )
