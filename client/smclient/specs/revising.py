"""Going back: the spec of today with the content of an earlier revision. Pure.

As with `kubectl rollout undo`, what is served comes back; how it is scaled, weighed, rolled out and owned stays.
"""

import copy
from collections.abc import Mapping
from typing import Any

from smclient.specs.compare import normal

Json = Mapping[str, Any]
_CONTENT = ("executionRoleARN", "vpc", "networkIsolation", "kmsKeyID", "dataCapture", "async")
_HOSTING = ("image", "modelArtifact", "environment", "secrets", "multiModel", "containers")


def with_revision(today: Json, revision: Json) -> dict[str, Any]:
    """Today's spec with what the revision served; what means the same stays as it is written today."""
    made = _merged(today, revision)
    before, after = normal(today), normal(made)
    for name in {*today, *made}:
        if before.get(name) == after.get(name):
            made.pop(name, None)
            made |= {name: copy.deepcopy(today[name])} if name in today else {}
    return made


def _merged(today: Json, revision: Json) -> dict[str, Any]:
    made = copy.deepcopy(dict(today))
    for name in _CONTENT:
        if name in revision:
            made[name] = copy.deepcopy(revision[name])
        elif name != "executionRoleARN":  # which a revision always shows
            made.pop(name, None)
    if "executionRoleARN" not in today:
        made.pop("executionRoleARN", None)  # the operator's default, then as now
    known = {str(each["name"]): each for each in today.get("variants") or []}
    order = [*known, *(str(each["name"]) for each in revision["variants"])]
    merged = {str(each["name"]): _variant(known.get(str(each["name"])), each) for each in revision["variants"]}
    made["variants"] = [merged[name] for name in dict.fromkeys(order) if name in merged]
    shadow = revision.get("shadow")
    if shadow is None:
        made.pop("shadow", None)
    else:
        before = today.get("shadow") or {}
        made["shadow"] = _variant(before if before.get("name") == shadow["name"] else None, shadow)
    return made


def _variant(today: Json | None, revision: Json) -> dict[str, Any]:
    """A variant that is there today keeps its weight, count, concurrency and scaling."""
    if today is None:
        return copy.deepcopy(dict(revision))
    made = {name: copy.deepcopy(value) for name, value in today.items() if name not in _HOSTING}
    made |= {name: copy.deepcopy(revision[name]) for name in _HOSTING if name in revision}
    for hosting, kept in (("instance", ("count",)), ("serverless", ("maxConcurrency", "provisionedConcurrency"))):
        made.pop(hosting, None)
        if hosting in revision:
            own = today.get(hosting) or {}
            made[hosting] = {**revision[hosting], **{key: own[key] for key in kept if key in own}}
    return made


def patch_between(before: Json, after: Json) -> dict[str, Any]:
    """The merge patch (RFC 7386) that makes one of the other."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            inner = patch_between(old, value)
            if inner:
                patch[name] = inner
        elif name not in before or old != value:
            patch[name] = value
    return patch
