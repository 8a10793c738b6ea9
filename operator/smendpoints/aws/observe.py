"""Looks at AWS: the few Describe and List calls that a plan needs.

What the shared listings show, and what this process wrote itself, is not asked for again where that will do. Nothing is
deleted on such a word: whose a thing is, is asked right before (`owners`).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from smendpoints.aws.calls.bounded import Bounded
from smendpoints.aws.calls.clients import Clients, Place
from smendpoints.aws.listed.contents import Contents
from smendpoints.aws.listed.watch import Summary, Watch
from smendpoints.aws.owners import Owners
from smendpoints.domain.desired import names
from smendpoints.domain.desired.ownership import Owner, is_owned
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import (
    ObservedConfig,
    ObservedEndpoint,
    ObservedTarget,
    OwnedResources,
    Recalled,
)
from smendpoints.domain.observed.parsing import parse_config, parse_endpoint, parse_target
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.alarms import Ownership, sort

T = TypeVar("T")

# Configs by place and name. Enough for all that a process rolls out or clears away at a time.
Configs = Bounded[tuple[Place, str], ObservedConfig]
MOST_CONFIGS = 5000
_MADE = {Verb.CREATE_CONFIG: "EndpointConfigArn", Verb.CREATE_MODEL: "ModelArn"}


class Observer:
    """Looks at one place. Configs never change, so each is described once; so is an endpoint that does not move."""

    def __init__(
        self,
        clients: Clients,
        watch: Watch | None = None,
        configs: Configs | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`watch` is this place's, and is told what is written; `configs` may be shared with other places."""
        self._clients = clients
        self._watch = watch if watch is not None else Watch(clients, clock)
        self._configs = configs if configs is not None else Configs(MOST_CONFIGS)
        self._described: Bounded[str, ObservedEndpoint] = Bounded(MOST_CONFIGS)
        self.owners = Owners(lambda arn: _unless_gone(lambda: self.tags(arn)), MOST_CONFIGS, clock)
        self._alarm_tags: Bounded[str, tuple[Any, Mapping[str, str]]] = Bounded(MOST_CONFIGS)

    def endpoint(
        self, name: str, tags: Mapping[str, str] | None = None, described: ObservedEndpoint | None = None
    ) -> ObservedEndpoint | None:
        """The endpoint with its tags, which are asked for unless given; None if it is not there.

        `described`: it was a moment ago, and looked like that.
        """
        found = described or self._describe(name)
        if found is None:
            return None
        if tags is None:
            tags = _unless_gone(lambda: self.tags(found.arn))
        if tags is None:
            return None
        endpoint = replace(found, tags=tags)
        self._described.put(name, endpoint)
        return endpoint

    def _describe(self, name: str) -> ObservedEndpoint | None:
        """The endpoint without its tags."""
        response = _unless_gone(lambda: self._clients.call("sagemaker", "describe_endpoint", EndpointName=name))
        return parse_endpoint(response, {}) if response is not None else None

    def recall(self, name: str, summary: Summary, tagged_since: float, scaled_since: float) -> Recalled | None:
        """An endpoint in service with tags and autoscaling as listed since; described only if it has moved.

        None where they were not, or it is not in service. It will do to find out that nothing need be done; who finds
        something to do looks closely before.
        """
        tags, targets = self._watch.tags(summary.arn, tagged_since), self._watch.targets(name, scaled_since)
        if tags is None or targets is None or summary.status != "InService":
            return None
        known = self._described.get(name)
        moved = known is None or (known.status, known.modified_at) != (summary.status, summary.modified_at)
        if moved:
            known = self.endpoint(name, tags)
        if known is None or known.status != "InService":
            return None
        return Recalled(replace(known, tags=tags), targets, moved)

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
        """A config may have been deleted."""
        self._configs.drop((self._clients.place, name))

    def targets(self, resource_ids: list[str], *, bare: bool = False) -> tuple[ObservedTarget, ...]:
        """The scalable targets with these ids, each with its policies and schedules unless `bare`."""
        if not resource_ids:
            return ()
        found = self._clients.all(
            "application-autoscaling",
            "describe_scalable_targets",
            "ScalableTargets",
            ServiceNamespace="sagemaker",
            ResourceIds=sorted(resource_ids),
        )
        return tuple(parse_target(entry, [], []) if bare else self._target(entry) for entry in found)

    def listed_targets(self, name: str, since: float) -> tuple[ObservedTarget, ...] | None:
        """The endpoint's scalable targets as listed after `since`; None if they were not. Costs nothing."""
        return self._watch.targets(name, since)

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

    def alarm_owners(self, endpoint: str, owner: Owner) -> Ownership:
        """Whose the alarms are that are named after the endpoint."""
        found = self.alarms(names.alarm_prefix(endpoint))
        tags = {name: self.alarm_tags(alarm, owner) for name, alarm in found.items()}
        return sort(owner, {name: alarm["AlarmArn"] for name, alarm in found.items()}, tags)

    def owned_resources(self, endpoint: str, owner: Owner, *, alarms: bool, listed: bool = False) -> OwnedResources:
        """What of the owner's is there, by name and tags. `listed`: the shared listing will do for the names.

        That will not do where what is not seen now is never looked for again.
        """
        there = self._watch.belongings(endpoint) if listed else None
        there = there or self._list_belongings(endpoint)
        configs = [self.config(name) for name, arn in sorted(there.configs.items()) if self.owners.owned(arn, owner)]
        models = {name: arn for name, arn in sorted(there.models.items()) if self.owners.owned(arn, owner)}
        owners = self.alarm_owners(endpoint, owner) if alarms else Ownership()
        found = tuple(config for config in configs if config is not None)
        tags = {arn: self.owners.known(arn) for arn in (*(config.arn for config in found), *models.values())}
        return OwnedResources(found, models, owners.ours, owners.nobodys, tags)

    def _list_belongings(self, endpoint: str) -> Contents:
        configs, models = names.config_prefix(endpoint), names.model_prefix(endpoint)
        found = Contents()
        for entry in self._clients.all("sagemaker", "list_endpoint_configs", "EndpointConfigs", NameContains=configs):
            if names.made_here(endpoint, entry["EndpointConfigName"]):
                found.configs[entry["EndpointConfigName"]] = entry["EndpointConfigArn"]
        for entry in self._clients.all("sagemaker", "list_models", "Models", NameContains=models):
            if names.model_made_here(endpoint, entry["ModelName"]):
                found.models[entry["ModelName"]] = entry["ModelArn"]
        return found

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

    def applied(self, action: Action, response: Mapping[str, Any]) -> None:
        """AWS did it. In the place of the answer to a creation, that of a Describe will do."""
        verb, params = action.verb, action.params
        if verb in _MADE:
            arn = response[_MADE[verb]]
            tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())}
            self.owners.put(arn, tags)
            self._watch.put(action.target, arn, model=verb is Verb.CREATE_MODEL)
        elif verb in {Verb.DELETE_CONFIG, Verb.DELETE_MODEL}:
            self._watch.put(action.target, None, model=verb is Verb.DELETE_MODEL)
        elif verb.service == "application-autoscaling":
            self._watch.wrote(params["ResourceId"].split("/")[1])
        elif verb in {Verb.ADD_TAGS, Verb.DELETE_TAGS}:
            self.owners.drop(params["ResourceArn"])
        elif verb in {Verb.TAG_ALARM, Verb.UNTAG_ALARM}:
            self._alarm_tags.drop(params["ResourceARN"])
        if verb is Verb.DELETE_CONFIG:
            self.forget_config(action.target)
        if verb.changes_endpoint:
            self._changed(params["EndpointName"], verb)
        elif ":endpoint/" in params.get("ResourceArn", ""):
            self._watch.wrote(action.target)

    def _changed(self, endpoint: str, verb: Verb) -> None:
        """The endpoint itself: what was described before is not as it is."""
        self._described.drop(endpoint)
        self._watch.wrote(endpoint)
        if verb is Verb.CREATE_ENDPOINT:
            self._watch.created(endpoint)


def _unless_gone(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except ReconcileError as failure:
        if failure.kind is Kind.GONE:
            return None
        raise
