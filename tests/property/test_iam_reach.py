"""What is not the operator's is out of its reach under the policies of manifests/iam, and what is its own is within."""

from typing import Any

import pytest

from smendpoints.aws.calls.clients import Clients as Operator
from smendpoints.aws.calls.clients import Place
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.reasons import Reason
from smsandbox.assets import ROLE_ARN
from smsandbox.testing.harness import Harness
from smsandbox.testing.operator_policy import (
    CONTAINER,
    MINE,
    OTHERS,
    Clients,
    allow,
    arn,
    make,
    statements,
    tags_of,
    variants,
)
from smsandbox.world import ACCOUNT, REGION


def tags(cluster: str | None, key: str = "smendpoints.dev/cluster") -> list[dict[str, str]]:
    return [] if cluster is None else [{"Key": key, "Value": cluster}]


TWICE = [*tags(MINE), *tags(MINE, "SMENDPOINTS.DEV/Cluster")]
ALARM = {
    "Namespace": "shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip


@pytest.fixture
def account(harness: Harness, admin: Clients) -> Clients:
    """An account that holds things of this cluster, of another, of nobody, and some that are tagged twice."""
    for name, owned in (("mine", tags(MINE)), ("others", tags(OTHERS)), ("theirs", []), ("twice", TWICE)):
        make(admin, name, owned)
        admin("cloudwatch").put_metric_alarm(AlarmName=f"smendpoints/x/{name}", Tags=owned, **ALARM)
    for name in ("theirs", "TargetTracking-service/shop", "TargetTracking-endpoint/mine/variant/v-AlarmLow-1"):
        admin("cloudwatch").put_metric_alarm(AlarmName=name, **ALARM)
    for name in ("shop", "smendpoints-events"):
        admin("sqs").create_queue(QueueName=name)
    admin("logs").create_log_group(logGroupName="/aws/lambda/shop")
    admin("logs").create_log_stream(logGroupName="/aws/lambda/shop", logStreamName="s")
    harness.run(600)
    return admin


CALL = tuple[str, str, dict[str, Any]]
SM, CW, AAS = "sagemaker", "cloudwatch", "application-autoscaling"


def endpoint(name: str, config: str, owned: list[dict[str, str]]) -> CALL:
    return SM, "create_endpoint", {"EndpointName": name, "EndpointConfigName": config, "Tags": owned}


def model(owned: list[dict[str, str]], role: str = ROLE_ARN, name: str = "new") -> CALL:
    given = {"ModelName": name, "ExecutionRoleArn": role, "PrimaryContainer": CONTAINER, "Tags": owned}
    return SM, "create_model", given


def config(owned: list[dict[str, str]], name: str = "new") -> CALL:
    given = {"EndpointConfigName": name, "ProductionVariants": variants("mine"), "Tags": owned}
    return SM, "create_endpoint_config", given


def tag(what: str, owned: list[dict[str, str]]) -> CALL:
    return SM, "add_tags", {"ResourceArn": arn(what), "Tags": owned}


def untag(what: str) -> CALL:
    return SM, "delete_tags", {"ResourceArn": arn(what), "TagKeys": ["smendpoints.dev/cluster"]}


def update(name: str, to: str) -> CALL:
    return SM, "update_endpoint", {"EndpointName": name, "EndpointConfigName": to}


def alarm(name: str, owned: list[dict[str, str]]) -> CALL:
    return CW, "put_metric_alarm", {"AlarmName": name, "Tags": owned, **ALARM}


def alarm_tag(name: str, owned: list[dict[str, str]]) -> CALL:
    return CW, "tag_resource", {"ResourceARN": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}", "Tags": owned}


def delete(kind: str, name: str) -> CALL:
    member = {"endpoint": "EndpointName", "endpoint_config": "EndpointConfigName", "model": "ModelName"}[kind]
    return SM, f"delete_{kind}", {member: name}


def register(resource: str = "endpoint/mine/variant/v", **changes: Any) -> CALL:
    dimension = "sagemaker:variant:DesiredInstanceCount"
    given = {"ServiceNamespace": SM, "ResourceId": resource, "ScalableDimension": dimension, **changes}
    return AAS, "register_scalable_target", {**given, "MinCapacity": 1, "MaxCapacity": 2}


WEIGHTS = [{"VariantName": "v", "DesiredWeight": 2.0}]
LOGS = {"logGroupName": "/aws/lambda/shop", "logStreamName": "s"}
GRANT = {"KeyId": "one", "GranteePrincipal": ROLE_ARN, "Operations": ["Decrypt"]}


QUEUE, SHOPS_QUEUE = (
    {"QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"} for name in ("smendpoints-events", "shop")
)
REFUSED: dict[str, CALL] = {
    "an endpoint without the tag": endpoint("new", "mine", []),
    "an endpoint for another cluster": endpoint("new", "mine", tags(OTHERS)),
    "an endpoint with the tag in two cases": endpoint("new", "mine", TWICE),
    "an endpoint of somebody's config": endpoint("new", "theirs", tags(MINE)),
    "an endpoint of another cluster's config": endpoint("new", "others", tags(MINE)),
    "a model without the tag": model([]),
    "a model for another cluster": model(tags(OTHERS)),
    "a model with another role": model(tags(MINE), f"arn:aws:iam::{ACCOUNT}:role/admin"),
    "a config without the tag": config([]),
    "a config for another cluster": config(tags(OTHERS)),
    "a config with the tag in two cases": config(TWICE),
    **{
        f"{what} of {name}": call
        for name in ("others", "theirs", "twice")
        for what, call in {
            "updating the endpoint": update(name, "mine"),
            "scaling the endpoint by hand": (
                SM,
                "update_endpoint_weights_and_capacities",
                {"EndpointName": name, "DesiredWeightsAndCapacities": WEIGHTS},
            ),
            "deleting the endpoint": delete("endpoint", name),
            "deleting the config": delete("endpoint_config", name),
            "deleting the model": delete("model", name),
            "untagging the endpoint": untag(f"endpoint/{name}"),
            "using the config": update("mine", name),
        }.items()
    },
    **{
        f"taking {kind} of {name}": tag(f"{kind}/{name}", tags(MINE))
        for kind in ("model", "endpoint-config", "endpoint")
        for name in ("others", "twice")
    },
    "any other tag on somebody's": tag("endpoint/theirs", tags("x", "team")),
    "giving its own to another cluster": tag("endpoint/mine", tags(OTHERS)),
    "deleting somebody's alarm": (CW, "delete_alarms", {"AlarmNames": ["theirs"]}),
    "deleting another cluster's alarm": (CW, "delete_alarms", {"AlarmNames": ["smendpoints/x/others"]}),
    "deleting somebody's alarm with its own": (
        CW,
        "delete_alarms",
        {"AlarmNames": ["smendpoints/x/mine", "smendpoints/x/others"]},
    ),
    "deleting the alarm of another service's scaling": (
        CW,
        "delete_alarms",
        {"AlarmNames": ["TargetTracking-service/shop"]},
    ),
    "an alarm of another name": alarm("shop/new", tags(MINE)),
    "an alarm for another cluster": alarm("smendpoints/x/new", tags(OTHERS)),
    "changing another cluster's alarm": alarm("smendpoints/x/others", tags(MINE)),
    "taking another cluster's alarm": alarm_tag("smendpoints/x/others", tags(MINE)),
    "taking somebody's alarm": alarm_tag("theirs", tags(MINE)),
    "giving its alarm to another cluster": alarm_tag("smendpoints/x/mine", tags(OTHERS)),
    "giving an alarm of nobody's to another cluster": alarm_tag("smendpoints/x/theirs", tags(OTHERS)),
    "untagging another cluster's alarm": (
        CW,
        "untag_resource",
        {
            "ResourceARN": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:smendpoints/x/others",
            "TagKeys": ["smendpoints.dev/cluster"],
        },
    ),
    "an alarm with the tag in two cases": alarm("smendpoints/x/new", TWICE),
    "deleting an alarm that is tagged twice": (CW, "delete_alarms", {"AlarmNames": ["smendpoints/x/twice"]}),
    "switching an alarm off": (CW, "disable_alarm_actions", {"AlarmNames": ["smendpoints/x/mine"]}),
    "scaling another service": register(
        "service/shop/web", ServiceNamespace="ecs", ScalableDimension="ecs:service:DesiredCount"
    ),
    "scaling copies of components": register(
        "inference-component/c", ScalableDimension="sagemaker:inference-component:DesiredCopyCount"
    ),
    "a grant of its own": ("kms", "create_grant", GRANT),
    "another service's log": ("logs", "get_log_events", LOGS),
    "the streams of another service's log": ("logs", "describe_log_streams", {"logGroupName": "/aws/lambda/shop"}),
    "somebody's messages": ("sqs", "receive_message", SHOPS_QUEUE),
    "somebody's messages' end": ("sqs", "delete_message", {**SHOPS_QUEUE, "ReceiptHandle": "x"}),
    "a message of its own": ("sqs", "send_message", {**QUEUE, "MessageBody": "x"}),
    "the end of its queue": ("sqs", "delete_queue", QUEUE),
    "another service's role": ("iam", "create_service_linked_role", {"AWSServiceName": "ecs.amazonaws.com"}),
    "a user": ("iam", "create_user", {"UserName": "eve"}),
    "a model's file": ("s3", "get_object", {"Bucket": "models", "Key": "a"}),
}
REFUSED_BUT_BY_ADOPTION: dict[str, CALL] = {
    f"taking {kind} of nobody's": tag(f"{kind}/theirs", tags(MINE)) for kind in ("model", "endpoint-config", "endpoint")
}
ALLOWED: dict[str, CALL] = {
    "a model": model(tags(MINE)),
    "a config": config(tags(MINE)),
    "an endpoint": endpoint("new", "mine", tags(MINE)),
    "another tag on its own": tag("endpoint/mine", tags("x", "team")),
    "its own tag again": tag("endpoint/mine", tags(MINE)),
    "weights": (
        SM,
        "update_endpoint_weights_and_capacities",
        {"EndpointName": "mine", "DesiredWeightsAndCapacities": WEIGHTS},
    ),
    "a scalable target": register(),
    "an alarm": alarm("smendpoints/x/new", tags(MINE)),
    "its own alarm again": alarm("smendpoints/x/mine", tags(MINE)),
    "tagging an alarm of the release before": alarm_tag("smendpoints/x/theirs", tags(MINE)),
    "deleting its own alarms": (CW, "delete_alarms", {"AlarmNames": ["smendpoints/x/mine", "smendpoints/x/theirs"]}),
    "deleting an alarm of its scaling": (
        CW,
        "delete_alarms",
        {"AlarmNames": ["TargetTracking-endpoint/mine/variant/v-AlarmLow-1"]},
    ),
    "letting go of its own": untag("model/mine"),
    "its messages": ("sqs", "receive_message", QUEUE),
    "deleting its config": delete("endpoint_config", "new"),
}


def outcome(operator: Operator, wanted: CALL) -> str:
    """OK, or the reason why not."""
    service, operation, params = wanted
    try:
        operator.call(service, operation, **params)
    except ReconcileError as failure:
        return failure.reason.value
    return "OK"


def test_what_is_not_the_operators_is_out_of_its_reach(harness: Harness, account: Clients) -> None:
    operator = Operator(Place(REGION), harness.connections)
    before = (harness.inventory(), [tags_of(account, f"endpoint/{name}") for name in ("mine", "others", "theirs")])
    denied_by = Reason.ACCESS_DENIED.value
    assert {name: outcome(operator, wanted) for name, wanted in REFUSED.items()} == dict.fromkeys(REFUSED, denied_by)
    allow(harness, statements(without=["OptionalAdoption"]))
    for name, wanted in REFUSED_BUT_BY_ADOPTION.items():
        assert outcome(operator, wanted) == denied_by, name
    after = (harness.inventory(), [tags_of(account, f"endpoint/{name}") for name in ("mine", "others", "theirs")])
    assert after == before
    # Root may all of it, but for what AWS itself refuses: it is IAM that refuses the operator.
    allow(harness, [{"Sid": "All", "Effect": "Allow", "Action": ["*"], "Resource": "*"}])
    told = {name: outcome(operator, wanted) for name, wanted in {**REFUSED, **REFUSED_BUT_BY_ADOPTION}.items()}
    assert denied_by not in told.values()


def test_what_is_the_operators_is_within_its_reach(harness: Harness, account: Clients) -> None:
    operator = Operator(Place(REGION), harness.connections)
    told = {name: outcome(operator, wanted) for name, wanted in {**ALLOWED, **REFUSED_BUT_BY_ADOPTION}.items()}
    assert told == dict.fromkeys(told, "OK")
