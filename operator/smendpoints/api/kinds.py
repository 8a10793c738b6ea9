"""The three kinds: their names, their types, and what `kubectl get` shows of them. Not here: their schemas (`crd`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from smendpoints.api.base import ApiModel
from smendpoints.api.experiment import SageMakerExperimentSpec
from smendpoints.api.experiment_status import SageMakerExperimentStatus
from smendpoints.api.group import EXPERIMENT_KIND, EXPERIMENT_PLURAL, GROUP, KIND, PLURAL, POLICY_KIND, POLICY_PLURAL
from smendpoints.api.policy import SageMakerEndpointPolicySpec
from smendpoints.api.rules import Rule
from smendpoints.api.rules.experiment import FIXED
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.api.status import SageMakerEndpointStatus

Column = tuple[str, str, str, dict[str, int], str]
_READY = '.status.conditions[?(@.type=="Ready")]'
_AVAILABLE = '.status.conditions[?(@.type=="Available")].status'
_WIDE = {"priority": 1}
_AGE: Column = ("Age", "date", ".metadata.creationTimestamp", {}, "Time since the object was created.")


@dataclass(frozen=True)
class Kind:
    """One custom resource.

    Args:
        name: its kind.
        columns: what `kubectl get` shows: header, type, path, priority, description.
        status: the type of its status; None where it has none.
        categories: names under which `kubectl get` lists this kind among others. A short name that is a category too
            lists them all, so a second kind must not join `smendpoints`.
        new: the status of an object that nobody looked at yet.
        rules: those of the object as a whole.
    """

    name: str
    plural: str
    scope: Literal["Namespaced", "Cluster"]
    short_names: tuple[str, ...]
    description: str
    columns: tuple[Column, ...]
    spec: type[ApiModel]
    status: type[ApiModel] | None = None
    categories: tuple[str, ...] = ()
    new: Mapping[str, Any] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()

    @property
    def crd_name(self) -> str:
        return f"{self.plural}.{GROUP}"

    @property
    def file_name(self) -> str:
        return f"{self.crd_name}.yaml"


_ENDPOINT_COLUMNS: tuple[Column, ...] = (
    ("Status", "string", ".status.endpoint.status", {}, "Status of the endpoint in AWS."),
    ("Ready", "string", f"{_READY}.status", {}, "Whether the endpoint matches the spec."),
    ("Available", "string", _AVAILABLE, {}, "Whether the endpoint serves requests."),
    ("Instances", "string", ".status.instances", {}, "Instances in service and requested."),
    ("Traffic", "string", ".status.traffic", {}, "Share of the traffic by variant, in percent."),
    _AGE,
    ("Endpoint", "string", ".status.endpoint.name", _WIDE, "Name of the endpoint in AWS."),
    ("Config", "string", ".status.endpoint.configName", _WIDE, "Name of the endpoint config in service."),
    ("Cost/H", "string", ".status.cost.hourlyUSD", _WIDE, "Estimated cost in US dollars per hour."),
    ("Message", "string", f"{_READY}.message", _WIDE, "Why the object is ready or not."),
)
_POLICY_COLUMNS: tuple[Column, ...] = (
    ("Selector", "string", ".spec.namespaceSelector", {}, "Namespaces to which the policy applies."),
    ("Instances", "integer", ".spec.maxInstances", {}, "Maximum number of instances of a namespace."),
    ("USD/H", "number", ".spec.maxHourlyUSD", {}, "Maximum cost of a namespace in US dollars per hour."),
    ("Adoption", "boolean", ".spec.allowAdoption", {}, "Whether existing endpoints may be adopted."),
    _AGE,
    ("Per-Endpoint", "integer", ".spec.maxInstancesPerEndpoint", _WIDE, "Maximum number of instances of one endpoint."),
    ("Prefix", "string", ".spec.endpointNamePrefix", _WIDE, "Prefix that the names of endpoints in AWS must have."),
    ("Types", "string", ".spec.instanceTypes", _WIDE, "Instance types that may be used."),
)
_EXPERIMENT_COLUMNS: tuple[Column, ...] = (
    ("Status", "string", ".status.phase", {}, "Phase of the experiment."),
    ("Verdict", "string", ".status.verdict", {}, "Verdict of the experiment."),
    ("Primary", "string", ".status.primary", {}, "Primary metric of the control and of the leading challenger."),
    ("Requests", "integer", ".status.requests", {}, "Number of requests that were counted."),
    _AGE,
    ("Interval", "string", ".status.interval", _WIDE, "Confidence interval of the difference in the primary metric."),
    ("Endpoint", "string", ".spec.endpointRef.name", _WIDE, "The SageMakerEndpoint whose variants are compared."),
    ("Message", "string", f"{_READY}.message", _WIDE, "Why the object is ready or not."),
)
# kstatus, and with it Helm and Flux, calls an object without observedGeneration done.
_UNSEEN = {"observedGeneration": -1}
ENDPOINT = Kind(
    name=KIND,
    plural=PLURAL,
    scope="Namespaced",
    short_names=("smendpoints", "smendpoint", "smep"),
    description="An Amazon SageMaker endpoint, with its models, autoscaling and rollouts.",
    columns=_ENDPOINT_COLUMNS,
    spec=SageMakerEndpointSpec,
    status=SageMakerEndpointStatus,
    categories=("smendpoints",),
    new=_UNSEEN | {"createdInAWS": False},
)
EXPERIMENT = Kind(
    name=EXPERIMENT_KIND,
    plural=EXPERIMENT_PLURAL,
    scope="Namespaced",
    short_names=("smexperiments", "smexperiment", "smexp"),
    description="An A/B test between variants of one SageMakerEndpoint. It ends with a verdict.",
    columns=_EXPERIMENT_COLUMNS,
    spec=SageMakerExperimentSpec,
    status=SageMakerExperimentStatus,
    new=_UNSEEN,
    rules=FIXED,
)
POLICY = Kind(
    name=POLICY_KIND,
    plural=POLICY_PLURAL,
    scope="Cluster",
    short_names=("smeppolicies", "smeppolicy"),
    description="What SageMakerEndpoints in the selected namespaces may use in AWS, and default values for them.",
    columns=_POLICY_COLUMNS,
    spec=SageMakerEndpointPolicySpec,
)
KINDS = (POLICY, ENDPOINT, EXPERIMENT)
"""Every kind; the policy first, since what checks objects against it must not be there before it."""
