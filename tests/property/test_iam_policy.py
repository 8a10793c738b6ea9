"""The policies of manifests/iam are all that the operator needs of IAM, statement by statement, and no more."""

from typing import Any

from smendpoints.aws.calls.clients import Clients as Operator
from smendpoints.aws.calls.clients import Place
from smendpoints.aws.events import EventQueue
from smsandbox import events
from smsandbox.assets import BUCKET, ROLE
from smsandbox.aws.core.context import Request
from smsandbox.aws.iam.policy import Access, decide
from smsandbox.testing.harness import Harness
from smsandbox.testing.operator_policy import POLICIES, Clients, allow, make, statements, tags_of
from smsandbox.testing.specs import ARTIFACTS, spec, two_variants, with_variant
from smsandbox.world import ACCOUNT, REGION

LONGEST_POLICY = 6144  # characters of a managed policy, blanks apart
LONGEST_INLINE = 10240  # of all policies that are written into a role, as the stacks and modules do


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
