"""The policy of manifests/iam is all that the operator needs of IAM, and grants no action that it never takes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smendpoints.aws.clients import Clients as Operator
from smendpoints.aws.clients import Place
from smsandbox.assets import ROLE
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.world import REGION

POLICY = Path(__file__).parents[2] / "manifests" / "iam" / "operator-policy.json"
PREFIXES = {"resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}
S3_ACTIONS = {"ListObjectsV2": "ListBucket"}
# What AWS does or asks for by itself, or what is looked up beside the passes.
NOT_IN_A_LIFE = {"iam:PassRole", "iam:CreateServiceLinkedRole", "pricing:GetProducts"}

METRIC = {"namespace": "Shop", "metricName": "Queue"}
STEPS = {
    "name": "queue",
    "steps": [{"lowerBound": 0, "adjustment": 1}],
    "alarm": {"metric": METRIC, "comparisonOperator": "GreaterThanThreshold", "threshold": 9, "evaluationPeriods": 1},
}
NIGHT = {"name": "night", "schedule": "cron(0 22 * * ? *)", "maxCapacity": 2}
BOUNDS = {"minCapacity": 1, "maxCapacity": 5}
GUARDED = {"strategy": "Canary", "stepPercent": 50, "stepWaitSeconds": 60, "rollback": {"maxErrorRatePercent": 1}}


Clients = Callable[[str], Any]


@pytest.fixture
def admin(harness: Harness) -> Clients:
    """Clients of the account's root; the operator is a user with the policy, and from now on held to it."""
    root = harness.client
    root("iam").create_user(UserName="operator")
    root("iam").put_user_policy(UserName="operator", PolicyName="operator", PolicyDocument=POLICY.read_text())
    key = root("iam").create_access_key(UserName="operator")["AccessKey"]
    credentials = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    harness.connections = harness.connections_of(harness.session_of(**credentials))
    harness.restart()
    harness.world.settings = harness.world.settings.changed({"enforce_iam": True})
    return root


def denied(harness: Harness) -> dict[str, int]:
    return {call: number for call, number in harness.failed_calls().items() if "Denied" in call}


def live_one_life(harness: Harness, admin: Clients) -> None:
    """Everything that objects and hands can do, at least once."""
    base = spec(tags={"team": "shop"}, rollout=GUARDED, revisionHistoryLimit=0)
    scaling = {**BOUNDS, "targetInvocationsPerInstance": 70}
    stepped = with_variant(base, scaling={**BOUNDS, "stepScaling": [STEPS], "schedules": [NIGHT]})
    harness.apply("iris", stepped)
    harness.settle("iris")
    harness.apply("iris", with_variant(base, scaling=scaling, modelArtifact=ARTIFACTS[1], weight=2))
    harness.settle("iris")
    harness.apply("iris", with_variant(base, scaling=None, modelArtifact=ARTIFACTS[1], weight=3) | {"tags": {"a": "b"}})
    harness.settle("iris")
    live = harness.live()
    admin("sagemaker").delete_tags(ResourceArn=live["EndpointArn"], TagKeys=["a"])
    admin("sagemaker").delete_endpoint_config(EndpointConfigName=live["EndpointConfigName"])
    harness.run(300)
    harness.apply("iris", spec(desiredState="Stopped"))
    harness.settle("iris")
    harness.delete("iris")
    harness.settle_gone("iris")


def adopt_and_let_go(harness: Harness, admin: Clients) -> None:
    harness.apply("first", spec(deletionPolicy="Retain", endpointName="shop"))
    harness.settle("first")
    harness.delete("first")
    harness.settle_gone("first")
    harness.apply("second", spec(adoptExisting=True, endpointName="shop"))
    harness.settle("second")
    harness.delete("second")
    harness.settle_gone("second")


def fail(harness: Harness, admin: Clients) -> None:
    log = {"logGroupName": "/aws/sagemaker/Endpoints/default-broken"}
    admin("logs").create_log_group(**log)
    admin("logs").create_log_stream(**log, logStreamName="primary/i-1")
    harness.world.faults.add({"kind": "never_healthy"})
    harness.apply("broken", spec())
    harness.settle("broken")
    admin("iam").delete_role(RoleName=ROLE)
    harness.apply("broken", with_variant(spec(), modelArtifact=ARTIFACTS[2]))
    harness.run(600)
    harness.delete("broken")
    harness.settle_gone("broken")


def taken(harness: Harness) -> set[str]:
    return {
        f"{PREFIXES.get(service, service)}:{S3_ACTIONS.get(operation, operation)}"
        for service, operations in harness.world.calls.counts().items()
        for operation in operations
    }


def test_the_policy_is_enough_for_a_whole_life(harness: Harness, admin: Clients) -> None:
    live_one_life(harness, admin)
    adopt_and_let_go(harness, admin)
    assert denied(harness) == {}
    assert {kind: names for kind, names in harness.inventory().items() if names} == {}


def test_the_policy_grants_no_action_that_the_operator_never_takes(harness: Harness, admin: Clients) -> None:
    live_one_life(harness, admin)
    adopt_and_let_go(harness, admin)
    fail(harness, admin)
    statements: list[dict[str, Any]] = json.loads(POLICY.read_text())["Statement"]
    actions = {action for each in statements for action in each["Action"]}
    assert actions - taken(harness) == NOT_IN_A_LIFE


def test_an_endpoint_of_somebody_else_is_out_of_the_operators_reach(harness: Harness, admin: Clients) -> None:
    harness.apply("iris", spec())
    harness.settle("iris")
    config = harness.live()["EndpointConfigName"]
    admin("sagemaker").create_endpoint(EndpointName="theirs", EndpointConfigName=config)
    harness.run(600)
    with pytest.raises(Exception, match="not authorized to perform: sagemaker:DeleteEndpoint"):
        Operator(Place(REGION), harness.connections).call("sagemaker", "delete_endpoint", EndpointName="theirs")
