"""Acting: one action is one call, and what is already so is success. AWS is botocore's own stubs here."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from smendpoints.aws.apply import Applier
from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.observe import Observer
from smendpoints.domain.desired.ownership import Owner
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.actions import Action, PolicyARN, Verb
from smsandbox.testing.stubs import Stubs

OWNER = Owner("cluster-1", "default", "iris")
REGION = "us-east-1"
SERVICES = ("sagemaker", "application-autoscaling", "cloudwatch")
ID = "endpoint/default-iris/variant/primary"
ARN = "arn:aws:sagemaker:us-east-1:123456789012"
POLICY_ARN = f"arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:resource/sagemaker/{ID}:policyName/wake-up"


class Aws(Stubs):
    """Clients with a stub each; what is not expected fails."""

    def __init__(self, clients: Clients) -> None:
        super().__init__(clients, SERVICES)
        self.observer = Observer(clients)
        self.applier = Applier(clients, self.observer)

    def refuses(self, service: str, operation: str, message: str, code: str = "ValidationException") -> None:
        self.stubs[service].add_client_error(operation, code, message, 400)

    def apply(self, action: Action) -> dict[PolicyARN, str]:
        policies: dict[PolicyARN, str] = {}
        self.applier.apply(action, policies)
        self.all_asked()
        return policies

    def failure(self, action: Action) -> ReconcileError:
        with pytest.raises(ReconcileError) as caught:
            self.apply(action)
        return caught.value


@pytest.fixture
def aws(clients: Clients) -> Iterator[Aws]:
    made = Aws(clients)
    yield made
    made.deactivate()


@pytest.fixture
def create_model(desired: Callable[..., Any]) -> Action:
    (model,) = desired({"tags": {"team": "ml"}}).models
    return Action(Verb.CREATE_MODEL, model.name, model.request)


@pytest.fixture
def create_config(desired: Callable[..., Any]) -> Action:
    wish = desired()
    return Action(Verb.CREATE_CONFIG, wish.config_name, wish.config_request)


def described_model(action: Action, **changes: Any) -> dict[str, Any]:
    request = {key: value for key, value in action.params.items() if key != "Tags"}
    container = {**request["PrimaryContainer"], "Mode": "SingleModel", "Environment": {}}
    arn = f"{ARN}:model/{action.target}"
    return {**request, "ModelArn": arn, "CreationTime": 0, "PrimaryContainer": container, **changes}


def tags_of(action: Action) -> dict[str, Any]:
    return {"Tags": list(action.params["Tags"])}


def test_an_action_is_one_call_with_its_parameters(aws: Aws, create_model: Action) -> None:
    aws.answers("sagemaker", "create_model", {"ModelArn": f"{ARN}:model/m"}, dict(create_model.params))
    aws.apply(create_model)


def test_a_model_that_is_there_with_this_content_and_owner_is_as_good_as_made(aws: Aws, create_model: Action) -> None:
    aws.refuses("sagemaker", "create_model", f'Cannot create already existing model "{ARN}:model/m".')
    aws.answers("sagemaker", "describe_model", described_model(create_model))
    aws.answers("sagemaker", "list_tags", tags_of(create_model))
    aws.apply(create_model)


def test_other_tags_of_the_user_do_not_matter(aws: Aws, create_model: Action) -> None:
    aws.refuses("sagemaker", "create_model", "Cannot create already existing model")
    aws.answers("sagemaker", "describe_model", described_model(create_model))
    ours = [tag for tag in create_model.params["Tags"] if tag["Key"] != "team"]
    aws.answers("sagemaker", "list_tags", {"Tags": [*ours, {"Key": "team", "Value": "web"}]})
    aws.apply(create_model)


def test_a_model_of_that_name_and_other_content_is_a_conflict(aws: Aws, create_model: Action) -> None:
    aws.refuses("sagemaker", "create_model", "Cannot create already existing model")
    other = {"Image": "other:1", "Mode": "SingleModel"}
    aws.answers("sagemaker", "describe_model", described_model(create_model, PrimaryContainer=other))
    aws.answers("sagemaker", "list_tags", tags_of(create_model))
    failure = aws.failure(create_model)
    assert (failure.kind, failure.reason) == (Kind.BLOCKED, "NameConflict")
    assert "is not what this object would make; delete it" in str(failure)


@pytest.mark.parametrize(
    ("tags", "advice"),
    [
        ({}, "set spec.adoptExisting"),
        (
            {**OWNER.tags(), "smendpoints.dev/name": "wine"},
            "belongs to the SageMakerEndpoint wine; .*another spec.endpointName",
        ),
        (
            {**OWNER.tags(), "smendpoints.dev/namespace": "secret", "smendpoints.dev/name": "wine"},
            "belongs to another object; .*another spec.endpointName",
        ),
    ],
    ids=["nobody's", "a neighbour's", "another namespace's"],
)
def test_a_model_of_that_name_that_is_not_ours_is_a_conflict(
    aws: Aws, create_model: Action, tags: dict[str, str], advice: str
) -> None:
    aws.refuses("sagemaker", "create_model", "Cannot create already existing model")
    aws.answers("sagemaker", "describe_model", described_model(create_model))
    aws.answers("sagemaker", "list_tags", {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})
    failure = aws.failure(create_model)
    assert failure.reason == "NameConflict"
    assert re.search(advice, str(failure))


def test_a_config_that_is_there_with_other_weights_and_counts_is_as_good_as_made(
    aws: Aws, create_config: Action
) -> None:
    request = {key: value for key, value in create_config.params.items() if key != "Tags"}
    variants = [
        {**each, "InitialInstanceCount": 9, "InitialVariantWeight": 9.0} for each in request["ProductionVariants"]
    ]
    arn = f"{ARN}:endpoint-config/{create_config.target}"
    found = {**request, "EndpointConfigArn": arn, "CreationTime": 0, "ProductionVariants": variants}
    aws.refuses("sagemaker", "create_endpoint_config", "Cannot create already existing endpoint configuration")
    aws.answers("sagemaker", "describe_endpoint_config", found)
    aws.answers("sagemaker", "list_tags", tags_of(create_config))
    aws.apply(create_config)


def test_an_endpoint_that_exists_is_for_the_next_look(aws: Aws) -> None:
    aws.refuses("sagemaker", "create_endpoint", "Cannot create already existing endpoint")
    params = {"EndpointName": "e", "EndpointConfigName": "c"}
    assert aws.failure(Action(Verb.CREATE_ENDPOINT, "e", params)).kind is Kind.EXISTS


REMOVALS = {
    "a model": (Verb.DELETE_MODEL, {"ModelName": "m"}, 'Could not find model "m".'),
    "a config": (Verb.DELETE_CONFIG, {"EndpointConfigName": "c"}, 'Could not find endpoint configuration "c".'),
    "an endpoint": (Verb.DELETE_ENDPOINT, {"EndpointName": "e"}, 'Could not find endpoint "e".'),
}


@pytest.mark.parametrize(("verb", "params", "message"), REMOVALS.values(), ids=REMOVALS.keys())
def test_what_is_gone_already_is_removed(aws: Aws, verb: Verb, params: dict[str, Any], message: str) -> None:
    aws.refuses("sagemaker", verb.operation, message)
    aws.apply(Action(verb, "x", params))


def test_a_target_that_is_gone_already_is_taken_off(aws: Aws) -> None:
    identity = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": ID,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    message = "No scalable target registered for service namespace: sagemaker"
    aws.refuses("application-autoscaling", "deregister_scalable_target", message, "ObjectNotFoundException")
    aws.apply(Action(Verb.DEREGISTER_TARGET, ID, identity))


def test_a_config_that_was_just_made_and_is_not_found_yet_settles(aws: Aws) -> None:
    aws.refuses("sagemaker", "create_endpoint", 'Could not find endpoint configuration "c".')
    params = {"EndpointName": "e", "EndpointConfigName": "c"}
    assert aws.failure(Action(Verb.CREATE_ENDPOINT, "e", params)).kind is Kind.SETTLING


def put_policy() -> Action:
    params = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": ID,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "PolicyName": "wake-up",
        "PolicyType": "StepScaling",
    }
    return Action(Verb.PUT_POLICY, f"{ID} wake-up", params)


def test_a_target_that_was_just_registered_and_is_not_found_yet_is_busy(aws: Aws) -> None:
    message = "No scalable target registered for service namespace: sagemaker"
    aws.refuses("application-autoscaling", "put_scaling_policy", message, "ObjectNotFoundException")
    assert aws.failure(put_policy()).kind is Kind.BUSY


def test_an_alarm_rings_for_the_arn_of_the_policy_that_was_put_before_it(aws: Aws) -> None:
    aws.answers("application-autoscaling", "put_scaling_policy", {"PolicyARN": POLICY_ARN})
    policies = aws.apply(put_policy())
    assert policies == {PolicyARN(ID, "wake-up"): POLICY_ARN}
    fixed = {"AlarmName": "a", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1}
    alarm = Action(Verb.PUT_ALARM, "a", {**fixed, "AlarmActions": [PolicyARN(ID, "wake-up")]})
    aws.answers("cloudwatch", "put_metric_alarm", {}, {**fixed, "AlarmActions": [POLICY_ARN]})
    aws.applier.apply(alarm, policies)
    aws.stubs["cloudwatch"].assert_no_pending_responses()


def test_what_aws_refuses_otherwise_is_a_failure_with_its_words(aws: Aws, create_model: Action) -> None:
    aws.refuses("sagemaker", "create_model", "Rate exceeded", "ThrottlingException")
    failure = aws.failure(create_model)
    assert (failure.kind, str(failure)) == (Kind.RETRY, "CreateModel: ThrottlingException: Rate exceeded")


def describe_config(aws: Aws, action: Action) -> None:
    request = {key: value for key, value in action.params.items() if key != "Tags"}
    arn = f"{ARN}:endpoint-config/{action.target}"
    aws.answers("sagemaker", "describe_endpoint_config", {**request, "EndpointConfigArn": arn, "CreationTime": 0})


FORGETTING = {
    "that was deleted": (Verb.DELETE_CONFIG, None),
    "that an update does not find, as a hand deleted it": (
        Verb.UPDATE_ENDPOINT,
        "Could not find endpoint configuration",
    ),
}


@pytest.mark.parametrize(("verb", "refusal"), FORGETTING.values(), ids=FORGETTING.keys())
def test_a_config_is_described_once_but_forgotten(
    aws: Aws, create_config: Action, verb: Verb, refusal: str | None
) -> None:
    describe_config(aws, create_config)
    assert aws.observer.config(create_config.target) is aws.observer.config(create_config.target)
    params = {"EndpointConfigName": create_config.target}
    if refusal is None:
        aws.answers("sagemaker", verb.operation, {})
        aws.apply(Action(verb, create_config.target, params))
    else:
        aws.refuses("sagemaker", verb.operation, refusal)
        assert aws.failure(Action(verb, "e", {**params, "EndpointName": "e"})).kind is Kind.SETTLING
    aws.refuses("sagemaker", "describe_endpoint_config", 'Could not find endpoint configuration "c".')
    assert aws.observer.config(create_config.target) is None
