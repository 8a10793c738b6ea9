"""JSON Schemas of pydantic as structural schemas of Kubernetes, with the rules that belong to their fields.

A structural schema is narrower than JSON Schema: no references, no unions, no null. What the converter does not know
how to say, it refuses to generate.
"""

from typing import Any

import yaml

from smendpoints.api.enum_words import meanings
from smendpoints.api.rules import PATTERNS, RULES, Rule
from smendpoints.api.rules.patterns import keeps

Schema = dict[str, Any]
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
    def __init__(self, schema: Schema, *, tells_defaults: bool) -> None:
        self._root = schema
        self._tells_defaults = tells_defaults
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
        result |= _explanation(schema, tells_defaults=self._tells_defaults)
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
            result["x-kubernetes-validations"] = [validation(rule) for rule in rules]
        return result


def _exclusive_bounds(schema: Schema) -> Schema:
    """JSON Schema's `exclusiveMinimum: 0` in the older form that Kubernetes has."""
    result: Schema = {}
    for bound in ("Minimum", "Maximum"):
        if (value := schema.get(f"exclusive{bound}")) is not None:
            result |= {bound.lower(): value, f"exclusive{bound}": True}
    return result


def _explanation(schema: Schema, *, tells_defaults: bool) -> Schema:
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
    if default is not None and tells_defaults:
        shown = f"{default:g}" if isinstance(default, float) else yaml.safe_dump(default).split("\n")[0]
        parts.append(f"Default: `{shown}`.")
    return {"description": " ".join(parts)}


def validation(rule: Rule) -> Schema:
    """A rule as an entry of `x-kubernetes-validations`."""
    entry: Schema = {"rule": rule.cel, "message": rule.message}
    if rule.reason is not None:
        entry["reason"] = rule.reason
    if rule.field is not None:
        entry["fieldPath"] = rule.field
    return entry


def structural(schema: Schema, *, tells_defaults: bool) -> Schema:
    """One JSON Schema of pydantic as a structural schema.

    What each word of an enum means is part of the description, and with `tells_defaults` each default.

    Raises:
        ValueError: there is none that says the same.
    """
    return _Converter(schema, tells_defaults=tells_defaults).convert()
