"""The stories of `tests/property/every_field`: the specs that they give their object, and the schema of a spec."""

import copy
from collections.abc import Iterator
from typing import Any

import yaml

from smsandbox import paths

_ROOT = paths.repository()
STORIES: dict[str, list[dict[str, Any]]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((_ROOT / "tests" / "property" / "every_field").glob("*.yaml"))
}
_CRD = yaml.safe_load((_ROOT / "crds" / "sagemakerendpoints.smendpoints.dev.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, Any] = _CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]


def changed(value: Any, change: Any) -> Any:
    """A JSON merge patch; an entry of a list changes the one at its place."""
    if isinstance(change, dict):
        old = value if isinstance(value, dict) else {}
        merged = {**old, **{key: changed(old.get(key), each) for key, each in change.items()}}
        return {key: each for key, each in merged.items() if each is not None}
    if isinstance(change, list) and isinstance(value, list) and all(isinstance(each, dict) for each in change):
        return [changed(value[at] if at < len(value) else None, each) for at, each in enumerate(change)]
    return copy.deepcopy(change)


def specs(story: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The specs that a story gives its object, one after the other."""
    spec: dict[str, Any] = {}
    for step in story:
        if "apply" in step or "change" in step:
            spec = changed(spec, step.get("apply", step.get("change")))
            yield spec
