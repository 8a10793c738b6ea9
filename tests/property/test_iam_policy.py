"""The policies of manifests/iam are all that the operator needs of IAM, statement by statement, and no more."""

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from smendpoints.aws.calls.clients import Clients as Operator
from smendpoints.aws.calls.clients import Place
from smendpoints.aws.events import EventQueue
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.reasons import Reason
from smsandbox import events
from smsandbox.assets import BUCKET, ROLE, ROLE_ARN
from smsandbox.aws.core.context import Request
from smsandbox.aws.iam.policy import Access, decide
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE, spec, two_variants, with_variant
from smsandbox.world import ACCOUNT, REGION

POLICIES = [
    Path(__file__).parents[2] / "manifests" / "iam" / f"operator-policy{each}.json" for each in ("", "-optional")
]
MINE, OTHERS = "cluster-1", "cluster-2"  # the harness's operator, and another
LONGEST_POLICY = 6144  # characters of a managed policy, blanks apart
LONGEST_INLINE = 10240  # of all policies that are written into a role, as the stacks and modules do
Statement = dict[str, Any]
# What is asked for outside of the reconciles, or by AWS when an account scales for the first time.
NOT_IN_A_LIFE = {"iam:CreateServiceLinkedRole", "pricing:GetProducts"}

METRIC = {"namespace": "Shop", "metricName": "Queue"}
STEPS = {
    "name": "queue",
    "steps": [{"lowerBound": 0, "adjustment": 1}],
    "alarm": {"metric": METRIC, "comparisonOperator": "GreaterThanThreshold", "threshold": 9, "evaluationPeriods": 1},
}
NIGHT = {"name": "night", "schedule": "cron(0 22 * * ? *)", "maxCapacity": 2}
BOUNDS = {"minCapacity": 1, "maxCapacity": 5}
GUARDED = {
    "strategy": "Canary",
    "stepPercent": 50,
    "stepWaitSeconds": 600,
    "rollback": {"maxErrorRatePercent": 1, "onRequest": True},
    "analysis": {"metrics": [{"name": "errors", "errorRate": {}}]},
}


Clients = Callable[[str], Any]


def statements(*, without: Collection[str] = ()) -> list[Statement]:
    """The policy for the cluster of the harness, less some of its statements."""
    texts = [each.read_text().replace("CLUSTER_ID", MINE) for each in POLICIES]
    found = [statement for text in texts for statement in json.loads(text)["Statement"]]
    assert set(without) <= {each["Sid"] for each in found}
    return [each for each in found if each["Sid"] not in without]


class Recorder:
    """Writes down what the operator asks IAM for, and lets IAM decide."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._asked: dict[str, Access] = {}

    @property
    def asked(self) -> list[Access]:
        """Each thing once."""
        return list(self._asked.values())

    def authorize(self, request: Request) -> None:
        if request.principal_arn is not None and request.principal_arn.endswith("user/operator"):
            self._asked |= {repr(access): access for access in self._inner.accesses(request)}
        self._inner.authorize(request)


def read_events(harness: Harness, admin: Clients) -> None:
    """More than come at once, so that the second look finds some as well, and deletes the first."""
    url = events.ensure(admin("cloudformation"))
    for number in range(11):
        admin("sqs").send_message(QueueUrl=url, MessageBody=str(number))
    queue = EventQueue(Operator(Place(REGION), harness.connections), url, wait_seconds=0)
    queue.receive()
    queue.receive()


def allow(harness: Harness, granted: list[Statement]) -> None:
    """Give the operator's user these statements, and no others."""
    document = json.dumps({"Version": "2012-10-17", "Statement": granted})
    harness.client("iam").put_user_policy(UserName="operator", PolicyName="operator", PolicyDocument=document)


@pytest.fixture
def admin(harness: Harness) -> Clients:
    """Clients of the account's root; the operator is a user with the policy, and from now on held to it."""
    root = harness.client
    root("iam").create_user(UserName="operator")
    allow(harness, statements())
    key = root("iam").create_access_key(UserName="operator")["AccessKey"]
    credentials = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    harness.connections = harness.connections_of(harness.session_of(**credentials))
    harness.restart()
    harness.world.settings = harness.world.settings.changed({"enforce_iam": True})
    return root


def denied(harness: Harness) -> dict[str, int]:
    failed = harness.failed_calls()
    return {call: number for call, number in failed.items() if "Denied" in call or "ScalingPolicy Validation" in call}


def live_one_life(harness: Harness, admin: Clients) -> None:
    """Everything that objects and hands can do, at least once."""
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/one"
    secret = admin("secretsmanager").create_secret(Name="token", SecretString="hidden")["ARN"]
    base = spec(tags={"team": "shop"}, rollout=GUARDED, revisionHistoryLimit=0, kmsKeyID=key)
    topic = admin("sns").create_topic(Name="oncall")["TopicArn"]
    base = {**with_variant(base, secrets={"TOKEN_ARN": secret}), "monitoring": {"topicARNs": [topic]}}
    scaling = {**BOUNDS, "targetInvocationsPerInstance": 70}
    stepped = with_variant(base, scaling={**BOUNDS, "stepScaling": [STEPS], "schedules": [NIGHT]})
    harness.apply("iris", stepped)
    harness.settle("iris")
    harness.apply("iris", with_variant(base, scaling=scaling, modelArtifact=ARTIFACTS[1], weight=2))
    harness.settle("iris")
    harness.run(3700, 100)  # what other instances would need is looked at
    harness.apply("iris", with_variant(base, scaling=None, modelArtifact=ARTIFACTS[1], weight=3) | {"tags": {"a": "b"}})
    harness.settle("iris")
    live = harness.live()
    admin("sagemaker").delete_tags(ResourceArn=live["EndpointArn"], TagKeys=["a"])
    admin("sagemaker").delete_endpoint_config(EndpointConfigName=live["EndpointConfigName"])
    harness.run(300)
    assert harness.condition("iris", "MonitoringActive").status == "True"  # type: ignore[union-attr]
    harness.apply("iris", spec(desiredState="Stopped"))
    harness.settle("iris")
    harness.delete("iris")
    harness.settle_gone("iris")


def compare(harness: Harness) -> None:
    """An experiment, until it was looked at: at CloudWatch, and at outcomes that nobody joined yet."""
    errors = {"name": "errors", "errorRate": {}, "marginPercentagePoints": 1}
    clicked = {"name": "clicked", "outcome": {"truth": f"s3://{BUCKET}/clicks", "afterMinutes": 10}}
    wanted = {"endpointRef": {"name": "pair"}, "control": "primary", "challengers": ["challenger"]}
    harness.apply("pair", {**two_variants(1, 1), "dataCapture": {"destination": f"s3://{BUCKET}/captured"}})
    harness.settle("pair")
    harness.experiments.apply("ab", {**wanted, "metrics": {"primary": clicked, "guardrails": [errors]}})
    harness.run(600, 20)
    assert harness.calls("GetMetricData") > 0
    harness.experiments.delete("ab")
    harness.delete("pair")
    harness.settle_gone("pair")


def adopt_and_let_go(harness: Harness, admin: Clients) -> None:
    guarded = spec(rollout=GUARDED, deletionPolicy="Retain", endpointName="shop", monitoring={})
    harness.apply("first", with_variant(guarded, scaling={**BOUNDS, "stepScaling": [STEPS]}))
    harness.settle("first")
    harness.run(60)
    harness.delete("first")
    harness.settle_gone("first")
    wish = spec(adoptExisting=True, endpointName="shop", deletionPolicy="Delete", monitoring={})
    harness.apply("second", wish)
    harness.settle("second")
    harness.run(60)
    harness.delete("second")
    harness.settle_gone("second")


def fail(harness: Harness, admin: Clients) -> None:
    log = {"logGroupName": "/aws/sagemaker/Endpoints/default-broken"}
    admin("logs").create_log_group(**log)
    admin("logs").create_log_stream(**log, logStreamName="primary/i-1")
    harness.world.faults.add({"kind": "never_healthy"})
    harness.apply("broken", spec())
    harness.settle("broken")
    admin("iam").delete_role_policy(RoleName=ROLE, PolicyName="rollouts")
    admin("iam").delete_role(RoleName=ROLE)
    harness.apply("broken", with_variant(spec(), modelArtifact=ARTIFACTS[2]))
    harness.run(600)
    harness.delete("broken")
    harness.settle_gone("broken")


def test_the_policy_is_enough_for_a_whole_life_and_each_action_of_each_statement_is_needed(
    harness: Harness, admin: Clients
) -> None:
    recorder = Recorder(harness.world.authorizer)
    harness.world.authorizer = recorder
    live_one_life(harness, admin)
    compare(harness)
    adopt_and_let_go(harness, admin)
    read_events(harness, admin)
    assert denied(harness) == {}
    assert {kind: names for kind, names in harness.inventory().items() if names} == {}
    fail(harness, admin)
    assert {call for call in denied(harness) if "ScalingPolicy" not in call} == set()
    granted = statements()
    for each in granted:
        for action in each["Action"]:
            others = [other for other in granted if other is not each]
            less = [*others, {**each, "Action": [other for other in each["Action"] if other != action]}]
            missed = [access for access in recorder.asked if decide([{"Statement": less}], access) != "Allow"]
            assert bool(missed) != (action in NOT_IN_A_LIFE), (each["Sid"], action)


def test_without_the_optional_statements_only_what_is_optional_is_lacking(harness: Harness, admin: Clients) -> None:
    optional = [each["Sid"] for each in statements() if each["Sid"].startswith("Optional")]
    allow(harness, statements(without=optional))
    harness.ready(rollout=GUARDED)
    harness.apply("iris", with_variant(spec(rollout=GUARDED), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    assert harness.condition("iris", "Ready").status == "True"  # type: ignore[union-attr]
    harness.delete("iris")
    harness.settle_gone("iris")
    looks = {
        "DescribeImages",
        "ListObjectsV2",
        "GetRole",
        "SimulatePrincipalPolicy",
        "ListServiceQuotas",
        "HeadBucket",
        "GetBucketLocation",
    }
    assert {call.split()[0] for call in denied(harness)} <= looks


def test_adoption_without_its_statement_is_refused_in_plain_words_and_changes_nothing(
    harness: Harness, admin: Clients
) -> None:
    allow(harness, statements(without=["OptionalAdoption"]))
    make(admin, "shop")
    harness.run(600)
    harness.apply("second", spec(adoptExisting=True, endpointName="shop"))
    harness.settle("second")
    told = harness.condition("second", "Ready")
    assert told is not None
    assert (told.status, told.reason) == ("False", "AccessDenied")
    assert "is not authorized to perform: sagemaker:AddTags" in told.message
    assert tags_of(admin, "endpoint/shop") == {}
    allow(harness, statements())
    harness.annotate("second", {"smendpoints.dev/retry": "1"})
    harness.settle("second")
    assert harness.condition("second", "Ready").status == "True"  # type: ignore[union-attr]


def arn(kind_and_name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind_and_name}"


def tags_of(admin: Clients, kind_and_name: str) -> dict[str, str]:
    listed = admin("sagemaker").list_tags(ResourceArn=arn(kind_and_name))["Tags"]
    return {tag["Key"]: tag["Value"] for tag in listed}


def tags(cluster: str | None, key: str = "smendpoints.dev/cluster") -> list[dict[str, str]]:
    return [] if cluster is None else [{"Key": key, "Value": cluster}]


TWICE = [*tags(MINE), *tags(MINE, "SMENDPOINTS.DEV/Cluster")]
CONTAINER = {"Image": ECHO_IMAGE, "ModelDataUrl": ARTIFACTS[0]}
ALARM = {
    "Namespace": "shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip


def variants(model: str) -> list[dict[str, Any]]:
    return [{"VariantName": "v", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}]


def make(admin: Clients, name: str, owned: list[dict[str, str]] | None = None) -> None:
    """A model, a config and an endpoint of this name, made by hand, with these tags."""
    given = owned or []
    admin("sagemaker").create_model(ModelName=name, ExecutionRoleArn=ROLE_ARN, PrimaryContainer=CONTAINER, Tags=given)
    admin("sagemaker").create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants(name), Tags=given)
    admin("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=given)


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


def test_each_policy_leaves_room_for_what_is_to_come_in_a_managed_policy_and_both_in_a_role() -> None:
    texts = [each.read_text().replace("CLUSTER_ID", "00000000-0000-0000-0000-000000000000") for each in POLICIES]
    lengths = [len("".join(each.split())) for each in texts]
    assert max(lengths) <= 0.8 * LONGEST_POLICY
    assert sum(lengths) <= 0.8 * LONGEST_INLINE


def test_with_the_first_policy_alone_monitoring_lacks_its_dashboard_and_the_endpoint_nothing(
    harness: Harness, admin: Clients
) -> None:
    """What `Optional=false` makes of the stacks and modules."""
    allow(harness, [each for each in statements() if not each["Sid"].startswith("Optional")])
    harness.ready(rollout=GUARDED, monitoring={})
    harness.run(60)
    told = harness.condition("iris", "MonitoringActive")
    assert told is not None
    assert told.status == "False"
    assert "OptionalDashboards" in told.message or "OptionalLookAtDashboards" in told.message
    assert "operator-policy-optional.json" in told.message
    assert harness.condition("iris", "Ready").status == "True"  # type: ignore[union-attr]
    harness.apply("iris", spec(rollout=GUARDED))
    harness.run(2000)
    assert harness.condition("iris", "MonitoringActive") is None
    harness.apply("iris", spec(rollout=GUARDED, monitoring={}))
    harness.run(60)
    assert harness.condition("iris", "MonitoringActive") is not None
    harness.delete("iris")
    harness.settle_gone("iris")
