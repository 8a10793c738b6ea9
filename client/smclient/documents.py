"""The IAM documents of `manifests/iam`, the one source of them, with what stands for names filled in.

A wheel has them beside it; in a clone they are where they are.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_PLACES = (_HERE / "iam", _HERE.parent.parent / "manifests" / "iam")


def document(name: str, values: Mapping[str, str]) -> dict[str, Any]:
    """A document, such as `execution-policy`, with each of the words that `values` has replaced by its value."""
    path = next(place / f"{name}.json" for place in _PLACES if (place / f"{name}.json").is_file())
    text = path.read_text(encoding="utf-8")
    for word in sorted(values, key=len, reverse=True):
        text = text.replace(word, values[word])
    found: dict[str, Any] = json.loads(text)
    return found


def passing(policy: Mapping[str, Any], role_arn: str) -> dict[str, Any]:
    """The operator's policy, with the one role that it may pass to SageMaker."""
    statements = [
        {**each, "Resource": role_arn} if "iam:PassRole" in each.get("Action", ()) else each
        for each in policy["Statement"]
    ]
    return {**policy, "Statement": statements}
