"""The JSON documents of `manifests/iam`, the one source, and how other forms put values in the place of words.

Partitions other than `aws` come by themselves: what is `arn:aws:` in a document is the form's own partition.
"""

import json
from collections.abc import Mapping
from typing import Any

from smsandbox import paths

FOLDER = paths.repository() / "manifests" / "iam"
TRUSTS = ("irsa", "pod-identity", "cross-account")
"""Who may use the operator's role; `operator-trust-<each>.json` says it."""
OPTIONAL = "operator-policy-optional"
"""What the operator may do for features that an installation need not have."""
WORDS = (
    "OPERATOR_ROLE_ARN",
    "SERVICE_ACCOUNT",
    "OIDC_PROVIDER",
    "EXTERNAL_ID",
    "CLUSTER_ID",
    "REPOSITORY",
    "ACCOUNT_ID",
    "NAMESPACE",
    "BUCKET",
    "REGION",
)
"""What stands for values in the documents, in the order in which they are replaced."""
_VIA = "sagemaker.*.amazonaws.com"  # kms:ViaService ends as the partition's names do; principals of services do not


def document(name: str) -> dict[str, Any]:
    """A document as it stands in the folder."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def operator_policy(roles: Any) -> dict[str, Any]:
    """What the operator may do in any case; `roles` says in a form's own way which roles it may pass on."""
    policy = document("operator-policy")
    for statement in policy["Statement"]:
        if statement["Action"] == ["iam:PassRole"]:
            statement["Resource"] = roles
    return policy


def substituted(text: str, words: Mapping[str, str], *, partition: str, suffix: str) -> str:
    """A text of a document with expressions in the place of words, and of what differs between partitions."""
    for word in WORDS:
        text = text.replace(word, words[word])
    return text.replace(_VIA, _VIA.replace("amazonaws.com", suffix)).replace("arn:aws:", f"arn:{partition}:")
