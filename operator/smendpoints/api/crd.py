"""The CustomResourceDefinitions, generated from types and rules: `python -m smendpoints.api.crd [--check] crds/`.

A structural schema is narrower than JSON Schema: no references, no unions, no null. What the converter does not know
how to say, it refuses to generate.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from smendpoints.api import generated
from smendpoints.api.base import ApiModel
from smendpoints.api.enum_words import meanings
from smendpoints.api.experiment import EXPERIMENT_KIND, EXPERIMENT_PLURAL, SageMakerExperimentSpec
from smendpoints.api.experiment_status import SageMakerExperimentStatus
from smendpoints.api.policy import POLICY_KIND, POLICY_PLURAL, SageMakerEndpointPolicySpec
from smendpoints.api.resource import GROUP, KIND, PLURAL, VERSION
from smendpoints.api.rules import PATTERNS, RULES, Rule
from smendpoints.api.rules.experiment import FIXED
from smendpoints.api.rules.patterns import keeps
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.api.status import SageMakerEndpointStatus

Schema = dict[str, Any]
Column = tuple[str, str, str, dict[str, int], str]
_READY = '.status.conditions[?(@.type=="Ready")]'
_AVAILABLE = '.status.conditions[?(@.type=="Available")].status'
_WIDE = {"priority": 1}
_AGE: Column = ("Age", "date", ".metadata.creationTimestamp", {}, "Time since the object was made.")


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
    ("Status", "string", ".status.endpoint.status", {}, "The endpoint's status in AWS."),
    ("Ready", "string", f"{_READY}.status", {}, "Whether the endpoint serves what the spec says."),
    ("Available", "string", _AVAILABLE, {}, "Whether it answers with what was in service."),
    ("Instances", "string", ".status.instances", {}, "Instances in service and asked for."),
    ("Traffic", "string", ".status.traffic", {}, "Shares of traffic."),
    _AGE,
    ("Endpoint", "string", ".status.endpoint.name", _WIDE, "The endpoint's name in AWS."),
    ("Config", "string", ".status.endpoint.configName", _WIDE, "The config in service."),
    ("Cost/H", "string", ".status.cost.hourlyUSD", _WIDE, "US dollars per hour: an estimate."),
    ("Message", "string", f"{_READY}.message", _WIDE, "Why it is ready, or not."),
)
_POLICY_COLUMNS: tuple[Column, ...] = (
    ("Selector", "string", ".spec.namespaceSelector", {}, "Namespaces that the policy is for."),
    ("Instances", "integer", ".spec.maxInstances", {}, "Maximum number of instances of a namespace."),
    ("USD/H", "number", ".spec.maxHourlyUSD", {}, "Most US dollars an hour of a namespace."),
    ("Adoption", "boolean", ".spec.allowAdoption", {}, "Whether endpoints may be adopted."),
    _AGE,
    ("Per-Endpoint", "integer", ".spec.maxInstancesPerEndpoint", _WIDE, "Maximum number of instances of one endpoint."),
    ("Prefix", "string", ".spec.endpointNamePrefix", _WIDE, "What names of endpoints in AWS begin with."),
    ("Types", "string", ".spec.instanceTypes", _WIDE, "Instance types that may be used."),
)
_EXPERIMENT_COLUMNS: tuple[Column, ...] = (
    ("Status", "string", ".status.phase", {}, "How far it is."),
    ("Verdict", "string", ".status.verdict", {}, "How it ended."),
    ("Primary", "string", ".status.primary", {}, "The primary metric of control and leading challenger."),
    ("Requests", "integer", ".status.requests", {}, "Requests of all arms that count."),
    _AGE,
    ("Interval", "string", ".status.interval", _WIDE, "Differences of the primary metric that are still possible."),
    ("Endpoint", "string", ".spec.endpointRef.name", _WIDE, "The endpoint whose variants are compared."),
    ("Message", "string", f"{_READY}.message", _WIDE, "Why it is so."),
)
# kstatus, and with it Helm and Flux, calls an object without observedGeneration done.
_UNSEEN = {"observedGeneration": -1}
ENDPOINT = Kind(
    name=KIND,
    plural=PLURAL,
    scope="Namespaced",
    short_names=("smendpoints", "smendpoint", "smep"),
    description="One endpoint of Amazon SageMaker: its models, its configs, its autoscaling and its rollouts.",
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
    description="An A/B test between variants of one SageMakerEndpoint, which ends with a verdict.",
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
    description="What SageMakerEndpoints of the selected namespaces may use in AWS, and what they get by default.",
    columns=_POLICY_COLUMNS,
    spec=SageMakerEndpointPolicySpec,
)
KINDS = (POLICY, ENDPOINT, EXPERIMENT)
"""Every kind; the policy first, since what checks objects against it must not be there before it."""
_PLAIN = (
    "type",
    "format",
    "description",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
)
_KNOWN = {
    *_PLAIN,
    "title",
    "default",
    "properties",
    "items",
    "additionalProperties",
    "exclusiveMinimum",
    "exclusiveMaximum",
}


class _Converter:
    """Turns one JSON Schema of pydantic into a structural schema."""

    def __init__(self, schema: Schema, *, explained: bool) -> None:
        """`explained`: each default, and what each word of an enum means, is part of the description."""
        self._root = schema
        self._explained = explained
        self._definitions: dict[str, Schema] = schema.get("$defs", {})

    def convert(self) -> Schema:
        return self._structural({key: value for key, value in self._root.items() if key != "$defs"})

    def _resolve(self, schema: Schema) -> Schema:
        """Follow references and unwrap options; what is said beside them wins, but the title stays the type's."""
        while "$ref" in schema or "anyOf" in schema:
            beside = {key: value for key, value in schema.items() if key not in {"$ref", "anyOf"}}
            if "$ref" in schema:
                inner = self._definitions[schema["$ref"].removeprefix("#/$defs/")]
            else:
                options = [option for option in schema["anyOf"] if option != {"type": "null"}]
                if len(options) != 1:
                    raise ValueError(f"a union has no structural schema: {schema}")
                inner = options[0]
            schema = {**inner, **beside, "title": inner.get("title", "")}
        return schema

    def _structural(self, schema: Schema, *, on: str = "", in_list: bool = False) -> Schema:
        """Convert the schema of the field that rules call `on`."""
        schema = self._resolve(schema)
        title = schema.get("title", "")
        if unknown := schema.keys() - _KNOWN:
            raise ValueError(f"{on or title}: no structural schema for {sorted(unknown)}")
        result = {key: schema[key] for key in _PLAIN if key in schema} | _exclusive_bounds(schema)
        if self._explained:
            result |= _explanation(schema)
        if schema.get("default") is not None and not in_list:
            result["default"] = schema["default"]
        if "properties" in schema:
            result["properties"] = {
                name: self._structural(value, on=f"{title}.{name}", in_list=in_list)
                for name, value in schema["properties"].items()
            }
        if isinstance(schema.get("additionalProperties"), dict):
            result["additionalProperties"] = self._structural(schema["additionalProperties"], in_list=in_list)
        if schema.get("additionalProperties") is True:
            result["x-kubernetes-preserve-unknown-fields"] = True  # else the API server takes out all that is in it
        if "items" in schema:
            result["items"] = self._structural(schema["items"], in_list=True)
        rules = [rule for rule in RULES if rule.on in ({title, on} if "properties" in schema else {on})]
        if pattern := schema.get("pattern"):
            rules.insert(0, Rule(on, keeps(pattern), PATTERNS[pattern]))
        if rules:
            result["x-kubernetes-validations"] = [_validation(rule) for rule in rules]
        return result


def _exclusive_bounds(schema: Schema) -> Schema:
    """JSON Schema's `exclusiveMinimum: 0` in the older form that Kubernetes has."""
    result: Schema = {}
    for bound in ("Minimum", "Maximum"):
        if (value := schema.get(f"exclusive{bound}")) is not None:
            result |= {bound.lower(): value, f"exclusive{bound}": True}
    return result


def _explanation(schema: Schema) -> Schema:
    """The description with what each word of an enum means and with the default, for `kubectl explain`.

    Inside of lists that is all there is of a default: one that the API server writes there makes clients that replace
    lists as a whole, such as Argo CD, see a difference for ever. The operator reads an unset field as its default.
    """
    if "description" not in schema:
        return {}
    parts = [schema["description"]]
    if words := [each for each in schema.get("enum", ()) if isinstance(each, str)]:
        parts.append(meanings(words))
    default = schema.get("default")
    if default is not None:
        shown = f"{default:g}" if isinstance(default, float) else yaml.safe_dump(default).split("\n")[0]
        parts.append(f"Default: `{shown}`.")
    return {"description": " ".join(parts)}


def _validation(rule: Rule) -> Schema:
    entry: Schema = {"rule": rule.cel, "message": rule.message}
    if rule.reason is not None:
        entry["reason"] = rule.reason
    if rule.field is not None:
        entry["fieldPath"] = rule.field
    return entry


def _object_schema(kind: Kind) -> Schema:
    properties: Schema = {
        "apiVersion": {"type": "string", "description": "The version of this object's schema."},
        "kind": {"type": "string", "description": "The kind of this object."},
        "metadata": {"type": "object"},
        "spec": _Converter(kind.spec.model_json_schema(), explained=True).convert(),
    }
    if kind.status is not None:
        status = _Converter(kind.status.model_json_schema(), explained=False).convert()
        properties["status"] = status | {"default": dict(kind.new)}
    schema: Schema = {"type": "object", "description": kind.description, "required": ["spec"]}
    if kind.rules:
        schema["x-kubernetes-validations"] = [_validation(rule) for rule in kind.rules]
    return schema | {"properties": properties}


def crd(kind: Kind) -> Schema:
    """The CustomResourceDefinition of a kind as an object."""
    version: Schema = {"name": VERSION, "served": True, "storage": True}
    if kind.status is not None:
        version["subresources"] = {"status": {}}
    version["additionalPrinterColumns"] = [
        {"name": name, "type": type_, "jsonPath": path, "description": text} | wide
        for name, type_, path, wide, text in kind.columns
    ]
    version["schema"] = {"openAPIV3Schema": _object_schema(kind)}
    names: Schema = {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.name.lower(),
        "shortNames": list(kind.short_names),
    }
    if kind.categories:
        names["categories"] = list(kind.categories)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd_name},
        "spec": {"group": GROUP, "scope": kind.scope, "names": names, "versions": [version]},
    }


def render(kind: Kind) -> str:
    """The CRD as the text of its file."""
    return generated.text([crd(kind)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the CRDs, or with `--check` compare them; the exit status."""
    files = {kind.file_name: render(kind) for kind in KINDS}
    return generated.main("python -m smendpoints.api.crd", "Generate the CRDs.", files, arguments)


if __name__ == "__main__":
    sys.exit(main())
