"""Looks at AWS: the few Describe and List calls that a plan needs."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from smendpoints.aws.bounded import Bounded
from smendpoints.aws.clients import Clients, Place
from smendpoints.domain.desired import names
from smendpoints.domain.desired.ownership import Owner, is_owned
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import (
    ObservedConfig,
    ObservedEndpoint,
    ObservedTarget,
    OwnedResources,
    parse_config,
    parse_endpoint,
    parse_target,
)
from smendpoints.domain.plan.alarms import Ownership, sort

T = TypeVar("T")

# Configs by place and name. Enough for all that a process rolls out or clears away at a time.
Configs = Bounded[tuple[Place, str], ObservedConfig]
MOST_CONFIGS = 5000


class Observer:
    """Looks at one place. Configs never change, so each is described once."""

    def __init__(self, clients: Clients, configs: Configs | None = None) -> None:
        """`configs` may be shared with other places."""
        self._clients = clients
        self._configs = configs if configs is not None else Configs(MOST_CONFIGS)
        self._alarm_tags: Bounded[str, tuple[Any, Mapping[str, str]]] = Bounded(MOST_CONFIGS)

    def endpoint(self, name: str, tags: Mapping[str, str] | None = None) -> ObservedEndpoint | None:
        """The endpoint with its tags, which are asked for unless given; None if it is not there."""
        response = _unless_gone(lambda: self._clients.call("sagemaker", "describe_endpoint", EndpointName=name))
        if response is None:
            return None
        if tags is None:
            tags = _unless_gone(lambda: self.tags(response["EndpointArn"]))
        return parse_endpoint(response, tags) if tags is not None else None

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of anything in SageMaker."""
        return {
            tag["Key"]: tag["Value"] for tag in self._clients.all("sagemaker", "list_tags", "Tags", ResourceArn=arn)
        }

    def config(self, name: str) -> ObservedConfig | None:
        """A config; None if it is not there."""
        known = self._configs.get((self._clients.place, name))
        if known is not None:
            return known
        response = _unless_gone(
            lambda: self._clients.call("sagemaker", "describe_endpoint_config", EndpointConfigName=name)
        )
        if response is None:
            return None
        config = parse_config(response)
        self._configs.put((self._clients.place, name), config)
        return config

    def model(self, name: str) -> dict[str, Any] | None:
        """DescribeModel's response; None if it is not there."""
        return _unless_gone(lambda: self._clients.call("sagemaker", "describe_model", ModelName=name))

    def forget_config(self, name: str) -> None:
        """A config was deleted."""
        self._configs.drop((self._clients.place, name))

    def targets(self, resource_ids: list[str]) -> tuple[ObservedTarget, ...]:
        """The scalable targets with these ids, each with its policies and schedules."""
        if not resource_ids:
            return ()
        found = self._clients.all(
            "application-autoscaling",
            "describe_scalable_targets",
            "ScalableTargets",
            ServiceNamespace="sagemaker",
            ResourceIds=sorted(resource_ids),
        )
        return tuple(self._target(entry) for entry in found)

    def _target(self, entry: Mapping[str, Any]) -> ObservedTarget:
        which = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": entry["ResourceId"],
            "ScalableDimension": entry["ScalableDimension"],
        }
        service = "application-autoscaling"
        policies = self._clients.all(service, "describe_scaling_policies", "ScalingPolicies", **which)
        schedules = self._clients.all(service, "describe_scheduled_actions", "ScheduledActions", **which)
        return parse_target(entry, [*policies], [*schedules])

    def alarms(self, prefix: str) -> dict[str, Mapping[str, Any]]:
        """The metric alarms whose names begin so."""
        found = self._clients.all("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix)
        return {alarm["AlarmName"]: alarm for alarm in found}

    def alarm_tags(self, alarm: Mapping[str, Any], owner: Owner) -> Mapping[str, str]:
        """The tags of an alarm as DescribeAlarms shows it; of the owner's they are asked for once, until it changes."""
        arn, changed = alarm["AlarmArn"], alarm.get("AlarmConfigurationUpdatedTimestamp")
        known = self._alarm_tags.get(arn)
        if known is not None and known[0] == changed and owner.owns(known[1]):
            return known[1]
        listed = _unless_gone(lambda: self._clients.call("cloudwatch", "list_tags_for_resource", ResourceARN=arn))
        tags = {tag["Key"]: tag["Value"] for tag in (listed or {}).get("Tags", ())}
        self._alarm_tags.put(arn, (changed, tags))
        return tags

    def forget_alarm(self, arn: str) -> None:
        """The tags of an alarm were changed."""
        self._alarm_tags.drop(arn)

    def alarm_owners(self, endpoint: str, owner: Owner) -> Ownership:
        """Whose the alarms are that are named after the endpoint."""
        found = self.alarms(names.alarm_prefix(endpoint))
        tags = {name: self.alarm_tags(alarm, owner) for name, alarm in found.items()}
        return sort(owner, {name: alarm["AlarmArn"] for name, alarm in found.items()}, tags)

    def owned_resources(self, endpoint: str, owner: Owner, *, alarms: bool) -> OwnedResources:
        """What of the owner's is there, by name and tags."""
        configs = []
        prefix = names.config_prefix(endpoint)
        for entry in self._clients.all("sagemaker", "list_endpoint_configs", "EndpointConfigs", NameContains=prefix):
            name = entry["EndpointConfigName"]
            if names.made_here(endpoint, name) and self._owned(entry["EndpointConfigArn"], owner):
                config = self.config(name)
                if config is not None:
                    configs.append(config)
        models = {}
        prefix = names.model_prefix(endpoint)
        for entry in self._clients.all("sagemaker", "list_models", "Models", NameContains=prefix):
            name = entry["ModelName"]
            if names.model_made_here(endpoint, name) and self._owned(entry["ModelArn"], owner):
                models[name] = entry["ModelArn"]
        owners = self.alarm_owners(endpoint, owner) if alarms else Ownership()
        return OwnedResources(tuple(configs), models, owners.ours, owners.nobodys)

    def unowned(self, endpoint: str, config_name: str) -> tuple[str, ...]:
        """The ARNs of this config and of its models that are named as ours are, and are nobody's."""
        config = self.config(config_name)
        if config is None:
            return ()
        found = [config.arn] if names.made_here(endpoint, config.name) else []
        for name in sorted(config.models()):
            model = self.model(name) if names.model_made_here(endpoint, name) else None
            found += [model["ModelArn"]] if model is not None else []
        return tuple(arn for arn in found if not is_owned(self.tags(arn)))

    def _owned(self, arn: str, owner: Owner) -> bool:
        tags = _unless_gone(lambda: self.tags(arn))
        return tags is not None and owner.owns(tags)


def _unless_gone(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except ReconcileError as failure:
        if failure.kind is Kind.GONE:
            return None
        raise
