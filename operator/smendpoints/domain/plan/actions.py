"""Actions: single calls to AWS, as values. The plan makes them, the aws layer carries them out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from smendpoints.domain.desired.names import content_hash, variant_of


class Verb(Enum):
    """What an action does: service and operation in boto3's words, and what to call it before people."""

    CREATE_MODEL = ("sagemaker", "create_model", "make the model")
    DELETE_MODEL = ("sagemaker", "delete_model", "delete the model")
    CREATE_CONFIG = ("sagemaker", "create_endpoint_config", "make the config")
    DELETE_CONFIG = ("sagemaker", "delete_endpoint_config", "delete the config")
    CREATE_ENDPOINT = ("sagemaker", "create_endpoint", "create the endpoint")
    UPDATE_ENDPOINT = ("sagemaker", "update_endpoint", "update the endpoint")
    SET_WEIGHTS_AND_CAPACITIES = (
        "sagemaker",
        "update_endpoint_weights_and_capacities",
        "set weights and counts of",
    )
    DELETE_ENDPOINT = ("sagemaker", "delete_endpoint", "delete the endpoint")
    ADD_TAGS = ("sagemaker", "add_tags", "tag")
    DELETE_TAGS = ("sagemaker", "delete_tags", "take tags off")
    REGISTER_TARGET = ("application-autoscaling", "register_scalable_target", "set the bounds of")
    DEREGISTER_TARGET = ("application-autoscaling", "deregister_scalable_target", "end the scaling of")
    PUT_POLICY = ("application-autoscaling", "put_scaling_policy", "put the scaling policy")
    DELETE_POLICY = ("application-autoscaling", "delete_scaling_policy", "delete the scaling policy")
    PUT_SCHEDULE = ("application-autoscaling", "put_scheduled_action", "put the schedule")
    DELETE_SCHEDULE = ("application-autoscaling", "delete_scheduled_action", "delete the schedule")
    PUT_ALARM = ("cloudwatch", "put_metric_alarm", "put the alarm")
    DELETE_ALARMS = ("cloudwatch", "delete_alarms", "delete the alarms")
    SET_ALARM = ("cloudwatch", "set_alarm_state", "set the state of the alarm")
    TAG_ALARM = ("cloudwatch", "tag_resource", "tag the alarm")
    UNTAG_ALARM = ("cloudwatch", "untag_resource", "take tags off the alarm or dashboard")
    PUT_DASHBOARD = ("cloudwatch", "put_dashboard", "put the dashboard")
    DELETE_DASHBOARD = ("cloudwatch", "delete_dashboards", "delete the dashboard")

    @property
    def service(self) -> str:
        """boto3's name of the service."""
        return str(self.value[0])

    @property
    def operation(self) -> str:
        """boto3's name of the operation."""
        return str(self.value[1])

    @property
    def words(self) -> str:
        """What it does, for people; what it does it to follows."""
        return str(self.value[2])

    @property
    def about(self) -> str:
        """What it is about: calls about one thing build on each other, those about different things do not."""
        if self is Verb.SET_ALARM:
            return "rollback"  # an abort waits for nothing
        if self.service != "sagemaker":
            return "autoscaling"
        if self.operation.endswith("_tags"):
            return "tags"
        if self in {Verb.CREATE_MODEL, Verb.CREATE_CONFIG}:
            return "contents"
        return "garbage" if self in {Verb.DELETE_MODEL, Verb.DELETE_CONFIG} else "endpoint"

    @property
    def removes(self) -> bool:
        """Whether "not found" is success."""
        return self.operation.startswith(("delete_", "deregister_", "untag_"))

    @property
    def changes_endpoint(self) -> bool:
        """Whether the endpoint is busy afterwards, so that a reconcile ends with it."""
        return self in {
            Verb.CREATE_ENDPOINT,
            Verb.UPDATE_ENDPOINT,
            Verb.SET_WEIGHTS_AND_CAPACITIES,
            Verb.DELETE_ENDPOINT,
        }


@dataclass(frozen=True)
class Action:
    """One call to AWS.

    `params` may name the result of an earlier action of the same plan: a step scaling alarm needs the ARN that
    PutScalingPolicy returns. Such a value is a `PolicyARN`.
    """

    verb: Verb
    target: str
    params: Mapping[str, Any] = field(hash=False)

    def __str__(self) -> str:
        return f"{self.verb.name} {self.target}"

    def fingerprint(self) -> str:
        """Equal for equal calls."""
        return content_hash(f"{self} {json.dumps(self.params, sort_keys=True, default=repr)}")

    def in_words(self) -> str:
        """The call for people: a scalable target is called by its variant."""
        resource, _, name = self.target.partition(" ")
        if self.verb.service != "application-autoscaling":
            return f"{self.verb.words} {self.target}"
        variant = variant_of(resource)
        return f"{self.verb.words} {name} of {variant}" if name else f"{self.verb.words} {variant}"


@dataclass(frozen=True)
class PolicyARN:
    """Stands for the ARN of a scaling policy until it is known."""

    resource_id: str
    policy: str
