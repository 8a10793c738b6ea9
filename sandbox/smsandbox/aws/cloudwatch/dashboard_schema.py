"""What CloudWatch takes for a dashboard's body, as a JSON Schema, and what it says of what it does not take.

Written from https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
The sentences are such as AWS says them (`Should have required property 'region'`), with the path of what is wrong.
Members that the page does not name are let through, as AWS warns of them at the most.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema import Draft202012Validator, ValidationError

Schema = dict[str, Any]
MOST_WIDGETS, MOST_METRICS = 500, 500
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 1}
_COLOR: Schema = {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"}
_DATE: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$"}
_RENDERED: Schema = {
    "type": "object",
    "properties": {
        "expression": _TEXT,
        "id": {"type": "string", "pattern": "^[a-z][a-zA-Z0-9_]*$"},
        "label": _TEXT,
        "stat": _TEXT,
        "period": _COUNT,
        "region": _TEXT,
        "color": _COLOR,
        "visible": {"type": "boolean"},
        "yAxis": {"enum": ["left", "right"]},
    },
}
_METRIC: Schema = {
    "type": "array",
    "minItems": 1,
    "oneOf": [
        {"prefixItems": [{**_RENDERED, "required": ["expression"]}], "minItems": 1, "maxItems": 1},
        {"prefixItems": [_TEXT], "items": {"anyOf": [_TEXT, _RENDERED]}},
    ],
}
_BAND: Schema = {
    "type": "object",
    "required": ["value"],
    "properties": {"value": {"type": "number"}, "label": _TEXT, "color": _COLOR},
}
_MOMENT: Schema = {
    "type": "object",
    "required": ["value"],
    "properties": {"value": _DATE, "label": _TEXT, "color": _COLOR, "fill": {"enum": ["after", "before", "none"]}},
}


def _pairs(one: Schema) -> Schema:
    """A list of annotations, each alone or as the two ends of a band."""
    return {"type": "array", "items": {"anyOf": [one, {"type": "array", "minItems": 2, "maxItems": 2, "items": one}]}}


_ANNOTATIONS: Schema = {
    "type": "object",
    "properties": {
        "horizontal": _pairs(_BAND),
        "vertical": _pairs(_MOMENT),
        "alarms": {"type": "array", "minItems": 1, "maxItems": 1, "items": {"type": "string", "pattern": "^arn:"}},
    },
}
_OF_METRIC: Schema = {
    "type": "object",
    "required": ["region"],
    "anyOf": [
        {"required": ["metrics"]},
        {"properties": {"annotations": {"required": ["alarms"]}}, "required": ["annotations"]},
    ],
    "properties": {
        "metrics": {"type": "array", "minItems": 1, "maxItems": MOST_METRICS, "items": _METRIC},
        "region": _TEXT,
        "title": _TEXT,
        "view": {"enum": ["timeSeries", "singleValue", "gauge", "bar", "pie", "table"]},
        "stat": _TEXT,
        "period": _COUNT,
        "stacked": {"type": "boolean"},
        "liveData": {"type": "boolean"},
        "annotations": _ANNOTATIONS,
        "yAxis": {"type": "object"},
    },
    "if": {"properties": {"view": {"const": "gauge"}}, "required": ["view"]},
    "then": {"required": ["yAxis"]},
}
_OF_KIND: dict[str, Schema] = {
    "metric": _OF_METRIC,
    "text": {
        "type": "object",
        "required": ["markdown"],
        "properties": {"markdown": _TEXT, "background": {"enum": ["transparent", "solid"]}},
    },
    "alarm": {
        "type": "object",
        "required": ["alarms"],
        "properties": {
            "alarms": {"type": "array", "maxItems": 100, "items": {"type": "string", "pattern": "^arn:"}},
            "sortBy": {"enum": ["default", "stateUpdatedTimestamp", "timestamp"]},
            "states": {"type": "array", "items": {"enum": ["ALARM", "INSUFFICIENT_DATA", "OK"]}},
            "title": _TEXT,
        },
    },
    "log": {"type": "object", "required": ["region", "query"]},
    "explorer": {"type": "object", "required": ["metrics"]},
    "custom": {"type": "object", "required": ["endpoint"]},
    "chart": {"type": "object"},
}
_WIDGET: Schema = {
    "type": "object",
    "required": ["type", "properties"],
    "properties": {
        "type": {"enum": sorted(_OF_KIND)},
        "x": {"type": "integer", "minimum": 0, "maximum": 23},
        "y": {"type": "integer", "minimum": 0},
        "width": {"type": "integer", "minimum": 1, "maximum": 24},
        "height": {"type": "integer", "minimum": 1, "maximum": 1000},
        "properties": {"type": "object"},
    },
    "allOf": [
        {
            "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
            "then": {"properties": {"properties": schema}},
        }
        for kind, schema in _OF_KIND.items()
    ],
}
BODY: Schema = {
    "type": "object",
    "required": ["widgets"],
    "properties": {
        "widgets": {"type": "array", "maxItems": MOST_WIDGETS, "items": _WIDGET},
        "start": _TEXT,
        "end": _TEXT,
        "periodOverride": {"enum": ["auto", "inherit"]},
        "variables": {"type": "array", "maxItems": 25},
    },
}


def problems(body: str) -> list[dict[str, str]]:
    """What is wrong with a body, as `DashboardValidationMessages`; none of what CloudWatch takes."""
    try:
        found = json.loads(body)
    except ValueError as error:
        return [_told("/", f"The field DashboardBody must be a valid JSON object: {error}")]
    wrong = [_told(_path(each.absolute_path), _sentence(each)) for each in _validator().iter_errors(found)]
    return wrong or [_told(where, what) for where, what in _beyond(found)]


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - its formats take a third of the simulator's start

    return Draft202012Validator(BODY)


def _told(where: str, what: str) -> dict[str, str]:
    return {"DataPath": where, "Message": what}


def _path(parts: Iterable[str | int]) -> str:
    return "/" + "/".join(map(str, parts))


def _sentence(error: ValidationError) -> str:
    match error.validator:
        case "required":
            missing = next(each for each in error.validator_value if each not in error.instance)
            return f"Should have required property '{missing}'"
        case "enum":
            return f"Should be equal to one of the allowed values: {', '.join(map(str, error.validator_value))}"
        case "oneOf":
            return "Should match exactly one schema in oneOf"
        case "anyOf":
            return "Should match some schema in anyOf"
        case "type":
            return f"Should be {error.validator_value}"
        case "minimum" | "maximum" | "minItems" | "maxItems" | "pattern":
            return f"Should match {error.validator}: {error.validator_value}"
    return str(error.message)


def _beyond(body: Any) -> Iterator[tuple[str, str]]:
    """What no schema says: metrics whose dimensions are no pairs, ids that are not unique, widgets beyond the grid."""
    for number, widget in enumerate(body["widgets"]):
        if widget.get("x", 0) + widget.get("width", 6) > 24:
            yield f"/widgets/{number}", "Should fit the grid of 24 columns"
        ids: set[str] = set()
        metrics = widget["properties"].get("metrics", ()) if widget["type"] == "metric" else ()
        for place, metric in enumerate(metrics):
            where = f"/widgets/{number}/properties/metrics/{place}"
            rendered = metric[-1] if isinstance(metric[-1], dict) else {}
            words = [each for each in metric if isinstance(each, str)]
            if len(words) % 2 and words[0] != "...":
                yield where, "Should have a value for each dimension"
            if rendered.get("id") in ids:
                yield f"{where}/id", f"Should be unique: {rendered['id']}"
            ids |= {rendered["id"]} if "id" in rendered else set()
