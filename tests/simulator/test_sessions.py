"""Clients of the sessions in virtual time are copies: as boto3 makes them, and nothing of one is seen in another."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from smsandbox.assets import BUCKET, EXECUTION, ROLE, TRUST
from smsandbox.aws.moto.backend import reset
from smsandbox.aws.moto.images import push
from smsandbox.testing.sessions import Session
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE
from smsandbox.testing.virtual_aws import VirtualAws

EVENTS = (
    "provide-client-params",
    "before-parameter-build",
    "before-endpoint-resolution",
    "before-call",
    "request-created",
    "before-sign",
)
LATER = ("choose-signer", "before-send", "response-received", "needs-retry", "after-call", "after-call-error")
THRICE = Config(retries={"mode": "standard", "total_max_attempts": 3})


@pytest.fixture
def worlds() -> Iterator[Callable[[], VirtualAws]]:
    """Makes AWSs in this process."""
    made: list[VirtualAws] = []

    def make() -> VirtualAws:
        made.append(VirtualAws())
        return made[-1]

    yield make
    for each in made:
        each.simulator.close()


def hooks(client: Any, event: str) -> list[tuple[str, str]]:
    """What is called at an event, in order: functions, and methods by the type that they are of."""
    name = client.meta.service_model.service_id.hyphenize()
    emitter = client.meta.events._emitter
    aliased = client.meta.events._alias_event_name(f"{event}.{name}.DescribeThings")
    listed = [*emitter._handlers.prefix_search(aliased)]
    if hasattr(emitter, "_shared"):
        listed += emitter._shared(aliased)
    return [(type(getattr(each, "__self__", None)).__name__, getattr(each, "__qualname__", "")) for each in listed]


@pytest.mark.parametrize("config", [None, THRICE], ids=["default", "standard"])
@pytest.mark.parametrize(
    "service", ["sagemaker", "s3", "cloudwatch", "iam", "sts", "ecr", "application-autoscaling", "sqs"]
)
def test_a_copy_has_the_hooks_that_boto3_gives_it_in_their_order(
    worlds: Callable[[], VirtualAws], service: str, config: Config | None
) -> None:
    aws = worlds()
    copied = aws.session.client(service, config=config)
    made = boto3.Session.client(aws.session, service, config=config)  # type: ignore[call-overload]
    assert {event: hooks(copied, event) for event in EVENTS + LATER} == {
        event: hooks(made, event) for event in EVENTS + LATER
    }
    assert type(copied).__mro__[1:] == type(made).__mro__[1:]
    assert vars(copied).keys() - {"gateway"} == vars(made).keys()


def test_two_worlds_in_one_process_see_nothing_of_each_other(worlds: Callable[[], VirtualAws]) -> None:
    one, other = worlds(), worlds()
    of_one, of_other = one.client("sagemaker"), other.client("sagemaker")
    heard: list[str] = []
    of_one.meta.events.register("before-parameter-build", lambda **told: heard.append(told["model"].name))
    one.session.events.register("after-call", lambda **told: heard.append("later"))
    one.world.faults.add({"kind": "error", "operation": "ListModels", "times": 100})
    for _ in range(20):  # whoever shared a quota of retries would have used it up
        with pytest.raises(ClientError):
            of_one.list_models()
    assert heard.count("ListModels") == 20
    assert of_other.list_models()["Models"] == []
    assert other.world.calls.count("ListModels") == 1
    other.world.faults.add({"kind": "throttle", "operation": "ListModels", "times": 2})
    assert other.client("sagemaker").list_models()["ResponseMetadata"]["RetryAttempts"] == 2
    assert heard == ["ListModels"] * 20
    one.session.client("cloudwatch").list_dashboards()
    other.session.client("cloudwatch").list_dashboards()
    assert heard[20:] == ["later"]


def test_each_session_signs_with_its_own_credentials(worlds: Callable[[], VirtualAws]) -> None:
    aws = worlds()
    iam = aws.client("iam")
    seen: list[str] = []
    called: Callable[[Any], Any] = aws.world.call

    def call(request: Any) -> Any:
        seen.append(request.principal_arn or "")
        return called(request)

    aws.world.call = call  # type: ignore[method-assign]
    for name in ("ann", "bob"):
        iam.create_user(UserName=name)
    keys = {name: iam.create_access_key(UserName=name)["AccessKey"] for name in ("ann", "bob")}
    sessions = {
        name: aws.session_of(aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
        for name, key in keys.items()
    }
    clients = {name: session.client("sagemaker") for name, session in sessions.items()}
    for name in ("ann", "bob", "ann"):
        clients[name].list_models()
    assert [each.rpartition("/")[2] for each in seen] == ["ann", "bob", "ann"]


def test_clients_of_one_session_keep_their_own_hooks_and_options(worlds: Callable[[], VirtualAws]) -> None:
    aws = worlds()
    session: Session = aws.session
    plain, patient = session.client("sagemaker"), session.client("sagemaker", config=THRICE)
    far = session.client("sagemaker", region_name="eu-west-1")
    heard: list[str] = []
    plain.meta.events.register("before-parameter-build", lambda **_: heard.append("plain"))
    patient.list_models()
    far.list_models()
    assert heard == []
    plain.list_models()
    assert heard == ["plain"]
    assert patient.meta.config.retries["total_max_attempts"] == 3
    assert far.meta.region_name == "eu-west-1"
    assert plain.get_paginator("list_models") is not patient.get_paginator("list_models")


def test_a_client_of_s3_follows_a_bucket_to_its_region_and_another_does_not_hear_of_it(
    worlds: Callable[[], VirtualAws],
) -> None:
    aws = worlds()
    far = "eu-west-1"
    there = aws.session.client("s3", region_name=far)
    there.create_bucket(Bucket="far", CreateBucketConfiguration={"LocationConstraint": far})
    one, other = aws.session.client("s3"), aws.session.client("s3")
    asked: list[str] = []
    for client in (one, other):
        client.meta.events.register_first("before-send", lambda request, **_: asked.append(request.url))
    one.list_objects_v2(Bucket="far")
    assert len(asked) == 2
    assert far in asked[-1]
    one.list_objects_v2(Bucket="far")
    assert len(asked) == 3
    other.list_objects_v2(Bucket="far")
    assert len(asked) == 5


def test_what_is_there_from_the_start_is_as_requests_put_it(worlds: Callable[[], VirtualAws]) -> None:
    found = []
    for by_requests in (False, True):
        aws = worlds()
        iam, s3, ecr = aws.client("iam"), aws.client("s3"), aws.client("ecr")
        if by_requests:
            reset()
            iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
            iam.put_role_policy(RoleName=ROLE, PolicyName="rollouts", PolicyDocument=EXECUTION)
            s3.create_bucket(Bucket=BUCKET)
            for uri in ARTIFACTS:
                key = uri.removeprefix(f"s3://{BUCKET}/")
                s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
            push(ecr, ECHO_IMAGE, "echo")
        answers = [
            iam.get_role(RoleName=ROLE),
            iam.get_role_policy(RoleName=ROLE, PolicyName="rollouts"),
            s3.list_objects_v2(Bucket=BUCKET),
            *(s3.head_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/")) for uri in ARTIFACTS),
            s3.get_bucket_location(Bucket=BUCKET),
            ecr.describe_repositories(),
            ecr.describe_images(repositoryName="echo"),
            ecr.batch_get_image(repositoryName="echo", imageIds=[{"imageTag": "1.0"}]),
        ]
        found.append([_timeless(each) for each in answers])
    assert found[0] == found[1]


OWN = ("ResponseMetadata", "RoleId", "Checksum", "ContentType")


def _timeless(answer: Any) -> Any:
    """Without what each request has of its own: its time, names by chance, what botocore adds to an upload."""
    if isinstance(answer, dict):
        return {key: _timeless(each) for key, each in answer.items() if not key.startswith(OWN)}
    if isinstance(answer, list):
        return [_timeless(each) for each in answer]
    return None if isinstance(answer, datetime) else answer


FIRST = """
import boto3
from smsandbox.testing.virtual_aws import VirtualAws

aws = VirtualAws()
boto3.Session = lambda **_: aws.session
print(aws.client("s3").list_buckets()["Buckets"][0]["Name"])
"""


def test_the_first_client_of_a_process_may_be_made_while_a_test_has_put_the_session_in_the_place_of_boto3s() -> None:
    made = subprocess.run([sys.executable, "-c", FIRST], check=True, timeout=240, capture_output=True, text=True)
    assert made.stdout.strip() == BUCKET
