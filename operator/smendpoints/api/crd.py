"""The CustomResourceDefinition, generated from types and rules: `python -m smendpoints.api.crd [--check] crds/`.

A structural schema is narrower than JSON Schema: no references, no unions, no null. What the converter does not know
how to say, it refuses to generate.
"""

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from smendpoints.api.resource import GROUP, KIND, PLURAL, VERSION
from smendpoints.api.rules import PATTERNS, RULES, Rule
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.api.status import SageMakerEndpointStatus

Schema = dict[str, Any]

FILE_NAME = f"{PLURAL}.{GROUP}.yaml"
HEADER = "# Generated from operator/smendpoints/api by `make crds`. Do not edit.\n"
_READY = '.status.conditions[?(@.type=="Ready")]'
_WIDE = {"priority": 1}
COLUMNS: tuple[tuple[str, str, str, dict[str, int], str], ...] = (
    ("Status", "string", ".status.endpoint.status", {}, "The endpoint's status in AWS."),
    ("Ready", "string", f"{_READY}.status", {}, "Whether the endpoint serves what the spec says."),
    ("Instances", "string", ".status.instances", {}, "Instances in service and asked for."),
    ("Traffic", "string", ".status.traffic", {}, "Shares of traffic."),
    ("Age", "date", ".metadata.creationTimestamp", {}, "Time since the object was made."),
    ("Endpoint", "string", ".status.endpoint.name", _WIDE, "The endpoint's name in AWS."),
    ("Config", "string", ".status.endpoint.configName", _WIDE, "The config in service."),
    ("Cost/H", "string", ".status.cost.hourlyUSD", _WIDE, "US dollars per hour: an estimate."),
    ("Message", "string", f"{_READY}.message", _WIDE, "Why it is ready, or not."),
)
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

    def __init__(self, schema: Schema) -> None:
        self._root = schema
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
        if schema.get("default") is not None:
            result |= _default(schema, in_list=in_list)
        if "properties" in schema:
            result["properties"] = {
                name: self._structural(value, on=f"{title}.{name}", in_list=in_list)
                for name, value in schema["properties"].items()
            }
        if isinstance(schema.get("additionalProperties"), dict):
            result["additionalProperties"] = self._structural(schema["additionalProperties"], in_list=in_list)
        if "items" in schema:
            result["items"] = self._structural(schema["items"], in_list=True)
        rules = [rule for rule in RULES if rule.on in ({title, on} if "properties" in schema else {on})]
        if pattern := schema.get("pattern"):
            rules.insert(0, Rule(on, f"self.matches(r'{pattern}')", PATTERNS[pattern]))
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


def _default(schema: Schema, *, in_list: bool) -> Schema:
    """The default, or inside of a list a description of it.

    A default inside of a list would be written into the object, and clients that replace lists as a whole, such as
    Argo CD, would see a difference for ever. The operator reads an unset field as its default.
    """
    default = schema["default"]
    if not in_list:
        return {"default": default}
    shown = f"{default:g}" if isinstance(default, float) else yaml.safe_dump(default).split("\n")[0]
    return {"description": f"{schema['description']} `{shown}` if unset."}


def _validation(rule: Rule) -> Schema:
    entry: Schema = {"rule": rule.cel, "message": rule.message}
    if rule.reason is not None:
        entry["reason"] = rule.reason
    if rule.field is not None:
        entry["fieldPath"] = rule.field
    return entry


def _object_schema() -> Schema:
    spec = _Converter(SageMakerEndpointSpec.model_json_schema()).convert()
    status = _Converter(SageMakerEndpointStatus.model_json_schema()).convert()
    # kstatus, and with it Helm and Flux, calls an object without observedGeneration done.
    status["default"] = {"observedGeneration": -1}
    return {
        "type": "object",
        "description": "One endpoint of Amazon SageMaker: its models, its configs, its autoscaling and its rollouts.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": "The version of this object's schema."},
            "kind": {"type": "string", "description": "The kind of this object."},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": status,
        },
    }


def crd() -> Schema:
    """The CustomResourceDefinition as an object."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["smendpoints", "smendpoint", "smep"],
                "categories": ["smendpoints"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [
                        {"name": name, "type": kind, "jsonPath": path, "description": text} | wide
                        for name, kind, path, wide, text in COLUMNS
                    ],
                    "schema": {"openAPIV3Schema": _object_schema()},
                }
            ],
        },
    }


def render() -> str:
    """The CRD as the text of its file."""
    return HEADER + yaml.safe_dump(crd(), sort_keys=False, width=120, allow_unicode=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the CRD, or with `--check` compare it; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m smendpoints.api.crd", description="Generate the CRD.")
    parser.add_argument("folder", type=Path, help="folder of the CRD's file")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file differs")
    options = parser.parse_args(arguments)
    path: Path = options.folder / FILE_NAME
    wanted = render()
    if not options.check:
        path.write_text(wanted)
        return 0
    found = path.read_text() if path.exists() else ""
    diff = list(difflib.unified_diff(found.splitlines(), wanted.splitlines(), str(path), "generated", lineterm=""))
    if diff:
        sys.stderr.write("\n".join([*diff, f"{path} is stale: run `make crds`", ""]))
    return 1 if diff else 0


if __name__ == "__main__":
    sys.exit(main())
