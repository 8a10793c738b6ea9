"""Looking at AWS: what the shared lists show, or this process has written, is not asked for again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.aws.apply import Applier
from smendpoints.aws.listed.watch import Awaited, Lane, Watch
from smendpoints.aws.observe import Observer
from smendpoints.domain.desired.ownership import Owner
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.plan.actions import Action, Verb
from smsandbox.testing.listed import ARN, ListedAws, variant

OWNER = Owner("c", "default", "iris")
TAGS = [{"Key": key, "Value": value} for key, value in OWNER.tags().items()]
CONFIG, MODEL = "iris-0123456789", "iris-primary-0123456789"
IDLE = Awaited()


class Aws(ListedAws):
    """Lists, and what is described one by one; takes whatever is done."""

    def on_behalf_of(self, _: str | None) -> "Aws":
        return self

    def all(self, service: str, operation: str, key: str, _: int | None = None, **params: Any) -> list[Any]:
        found: list[Any] = self.call(service, operation, **params)[key]
        return found

    def _list_tags(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"Tags": TAGS}

    def _describe_endpoint(self, params: Mapping[str, Any]) -> dict[str, Any]:
        name = params["EndpointName"]
        each = self.endpoints[name]
        return {
            "EndpointName": name,
            "EndpointArn": f"{ARN}:endpoint/{name}",
            "EndpointStatus": each["status"],
            "CreationTime": each["created"],
            "LastModifiedTime": each["modified"],
        }

    def _describe_endpoint_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        name = params["EndpointConfigName"]
        return {
            "EndpointConfigName": name,
            "EndpointConfigArn": f"{ARN}:endpoint-config/{name}",
            "ProductionVariants": [],
        }

    def _create_endpoint_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self.configs.append(params["EndpointConfigName"])
        return {"EndpointConfigArn": f"{ARN}:endpoint-config/{params['EndpointConfigName']}"}

    def _create_model(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self.models.append(params["ModelName"])
        return {"ModelArn": f"{ARN}:model/{params['ModelName']}"}

    def _delete_endpoint_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self.configs.remove(params["EndpointConfigName"])
        return {}

    def _list_endpoint_configs(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return super()._list_endpoint_configs({"MaxResults": 100, **params})

    def _describe_scalable_targets(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return super()._describe_scalable_targets({"MaxResults": 50, **params})

    def _describe_scaling_policies(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return super()._describe_scaling_policies({"MaxResults": 10, **params})

    def _describe_scheduled_actions(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return super()._describe_scheduled_actions({"MaxResults": 50, **params})

    def _list_models(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return super()._list_models({"MaxResults": 100, **params})

    def _delete_tags(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    _register_scalable_target = _delete_endpoint = _update_endpoint = _delete_tags


class Place:
    def __init__(self) -> None:
        self.aws = Aws()
        self.aws.create("iris")
        self.watch = Watch(self.aws, self.aws.clock)  # type: ignore[arg-type]
        self.observer = Observer(self.aws, self.watch, clock=self.aws.clock)  # type: ignore[arg-type]
        self.applier = Applier(self.aws, self.observer)  # type: ignore[arg-type]

    def list_all(self) -> None:
        """All lists, anew."""
        self.watch.look("", max_age=0.0)
        self.watch.audit(0.0)
        self.aws.now += 1
        self.aws.made.clear()

    def asked(self) -> list[str]:
        found = [operation for _, operation, _ in self.aws.made]
        self.aws.made.clear()
        return found


@pytest.fixture
def place() -> Place:
    made = Place()
    made.list_all()
    return made


def test_an_endpoint_that_has_not_moved_is_recalled_with_what_was_listed_since(place: Place) -> None:
    described = place.observer.endpoint("iris")
    assert described is not None
    place.aws.tags["iris"]["team"] = "nobody"
    wrote = place.aws.now
    place.aws.now += 1
    place.list_all()
    summary = place.watch.peek("iris")
    assert summary is not None
    recalled = place.observer.recall("iris", summary, wrote, wrote)
    assert recalled is not None
    endpoint, targets = recalled.endpoint, recalled.targets
    assert not recalled.described
    assert (endpoint.arn, endpoint.status) == (described.arn, "InService")
    assert endpoint.tags["team"] == "nobody"
    assert [(target.resource_id, [*target.policies]) for target in targets] == [(variant("iris"), ["invocations"])]
    assert place.asked() == []


@pytest.mark.parametrize("why", ["never described", "moved"])
def test_what_has_moved_is_described_and_no_more_is_asked(place: Place, why: str) -> None:
    if why == "moved":
        place.observer.endpoint("iris")
        place.aws.now += 1
        place.aws.become("iris", "InService")
    place.list_all()
    summary = place.watch.peek("iris")
    assert summary is not None
    recalled = place.observer.recall("iris", summary, 0.5, 0.5)
    assert recalled is not None
    assert recalled.endpoint.modified_at == summary.modified_at
    assert recalled.described
    assert place.asked() == ["describe_endpoint"]
    assert place.observer.recall("iris", summary, 0.5, 0.5) == replace(recalled, described=False)
    assert place.asked() == []


@pytest.mark.parametrize("why", ["in transition", "by now in transition", "not listed since", "tags are not listed"])
def test_what_cannot_be_told_from_the_lists_is_not_recalled(place: Place, why: str) -> None:
    if why == "in transition":
        place.aws.become("iris", "Updating")
    if why == "tags are not listed":
        place.aws.tags.clear()
    wrote = place.aws.now - 0.5
    if why != "not listed since":
        place.aws.now += 1
        place.list_all()
    summary = place.watch.peek("iris")
    assert summary is not None
    if why == "by now in transition":
        place.aws.become("iris", "Updating")
    assert place.observer.recall("iris", summary, wrote, wrote) is None


def test_what_is_deregistered_is_not_asked_for_its_policies(place: Place) -> None:
    (whole,) = place.observer.targets([variant("iris")])
    assert [*whole.policies] == ["invocations"]
    assert len(place.asked()) == 3
    (bare,) = place.observer.targets([variant("iris")], bare=True)
    assert (bare.resource_id, bare.dimension) == (whole.resource_id, whole.dimension)
    assert place.asked() == ["describe_scalable_targets"]


def test_garbage_is_looked_for_in_the_shared_listing(place: Place) -> None:
    found = place.observer.owned_resources("iris", OWNER, alarms=False, listed=True)
    assert [config.name for config in found.configs] == [CONFIG]
    assert dict(found.models) == {MODEL: f"{ARN}:model/{MODEL}"}
    assert sorted(place.asked()) == ["describe_endpoint_config", "list_tags", "list_tags"]
    assert place.observer.owned_resources("iris", OWNER, alarms=False, listed=True) == found
    assert place.asked() == []


def test_what_a_deletion_would_leave_is_listed_anew(place: Place) -> None:
    place.aws.configs.append("iris-aaaaaaaaaa")  # by another process, a moment ago
    found = place.observer.owned_resources("iris", OWNER, alarms=False)
    assert [config.name for config in found.configs] == [CONFIG, "iris-aaaaaaaaaa"]
    assert {"list_endpoint_configs", "list_models"} <= set(place.asked())


def test_without_a_listing_it_is_asked_for() -> None:
    place = Place()
    assert place.observer.owned_resources("iris", OWNER, alarms=False, listed=True).models
    assert {"list_endpoint_configs", "list_models"} <= set(place.asked())


def test_what_this_process_made_or_deleted_is_known_without_a_call(place: Place) -> None:
    for verb, name, key in (
        (Verb.CREATE_CONFIG, "iris-aaaaaaaaaa", "EndpointConfigName"),
        (Verb.CREATE_MODEL, "iris-primary-aaaaaaaaaa", "ModelName"),
    ):
        place.applier.apply(Action(verb, name, {key: name, "Tags": TAGS}), {})
    place.applier.apply(Action(Verb.DELETE_CONFIG, CONFIG, {"EndpointConfigName": CONFIG}), {})
    place.asked()
    found = place.observer.owned_resources("iris", OWNER, alarms=False, listed=True)
    assert [config.name for config in found.configs] == ["iris-aaaaaaaaaa"]
    assert sorted(found.models) == [MODEL, "iris-primary-aaaaaaaaaa"]
    assert sorted(place.asked()) == ["describe_endpoint_config", "list_tags"]  # the tags of the old model


def test_a_config_is_not_deleted_on_an_old_word(place: Place) -> None:
    place.observer.owned_resources("iris", OWNER, alarms=False, listed=True)
    place.aws.now += 3600
    place.asked()
    place.aws._list_tags = lambda _: {"Tags": []}  # type: ignore[method-assign]
    with pytest.raises(ReconcileError, match="its tags were changed"):
        place.applier.apply(Action(Verb.DELETE_CONFIG, CONFIG, {"EndpointConfigName": CONFIG}), {})
    assert place.asked() == ["list_tags"]
    assert CONFIG in place.aws.configs


WRITES = {
    "bounds": Action(Verb.REGISTER_TARGET, variant("iris"), {"ResourceId": variant("iris"), "MaxCapacity": 9}),
    "tags": Action(Verb.DELETE_TAGS, "iris", {"ResourceArn": f"{ARN}:endpoint/iris", "TagKeys": ["a"]}),
    "update": Action(Verb.UPDATE_ENDPOINT, "iris", {"EndpointName": "iris", "EndpointConfigName": CONFIG}),
}


@pytest.mark.parametrize("action", WRITES.values(), ids=list(WRITES))
def test_what_is_written_is_told_to_have_moved_once_all_is_listed(place: Place, action: Action) -> None:
    place.watch.step(Lane.AUDIT, IDLE)  # all are told at first
    place.applier.apply(action, {})
    wrote = place.aws.now
    assert place.watch.settled("iris", wrote) is None
    place.aws.now += 100
    told: set[str] = set()
    while place.watch.settled("iris", wrote) is None:
        told |= place.watch.step(Lane.ENDPOINTS, IDLE) | place.watch.step(Lane.AUDIT, IDLE)
    assert told | place.watch.step(Lane.ENDPOINTS, IDLE) == {"iris"}
