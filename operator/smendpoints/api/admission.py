"""The ValidatingAdmissionPolicies, generated: `python -m smendpoints.api.admission [--check] manifests/policy/`.

Each takes every SageMakerEndpointPolicy as its parameter, in turn; one that refuses is enough. They are several, since
each has a budget of its own: 10 million units of CEL's cost for an object and a policy, one million for an expression.
The longest object against the longest policy stays within, as a test shows; beyond it the API server would refuse the
object with a sentence about costs.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from smendpoints.api import generated
from smendpoints.api.group import GROUP, PLURAL, POLICY_KIND, VERSION
from smendpoints.api.rules.admission import GROUPS, SHARED
from smendpoints.api.rules.asking import Check, Group

FILE_NAME = "validating_admission_policy.yaml"
API_VERSION = "admissionregistration.k8s.io/v1"
SELECTED = "!variables.selected || "


def name_of(group: Group) -> str:
    """The name of the group's policy and of its binding."""
    return "-".join(["smendpoints-policy", *([group.name] if group.name else [])])


def _validation(check: Check) -> dict[str, str]:
    return {
        "expression": f"{SELECTED}({check.allowed})",
        "messageExpression": f"'policy ' + params.metadata.name + ', {check.asked}: ' + {check.message}",
        "message": "a SageMakerEndpointPolicy does not allow it",  # if the expression above fails
        "reason": "Forbidden",
    }


def _policy(group: Group) -> dict[str, Any]:
    conditions = {
        # Metadata alone are nobody's concern: nothing, not even a check that fails, must hold a finalizer.
        "spec-changes": "oldObject == null || object.spec != oldObject.spec",
        "policy-asks": group.asks,
    }
    return {
        "failurePolicy": "Fail",
        "paramKind": {"apiVersion": f"{GROUP}/{VERSION}", "kind": POLICY_KIND},
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": [GROUP],
                    "apiVersions": ["*"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": [PLURAL],
                    "scope": "Namespaced",  # as the API server would write it: applying again changes nothing
                }
            ]
        },
        "matchConditions": [{"name": name, "expression": expression} for name, expression in conditions.items()],
        "variables": [
            {"name": name, "expression": expression} for name, expression in {**SHARED, **group.variables}.items()
        ],
        "validations": [_validation(check) for check in group.checks],
    }


def _binding(group: Group) -> dict[str, Any]:
    return {
        "policyName": name_of(group),
        "paramRef": {"selector": {}, "parameterNotFoundAction": "Allow"},
        "validationActions": ["Warn" if group.warns else "Deny"],
    }


def objects() -> Iterator[dict[str, Any]]:
    """All policies with their bindings."""
    for group in GROUPS:
        metadata = {"name": name_of(group), "labels": {"app.kubernetes.io/name": "smendpoints"}}
        for suffix, spec in (("", _policy(group)), ("Binding", _binding(group))):
            kind = f"ValidatingAdmissionPolicy{suffix}"
            yield {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the manifest, or with `--check` compare it; the exit status."""
    files = {FILE_NAME: generated.text(list(objects()))}
    description = "Generate the ValidatingAdmissionPolicies."
    return generated.main("python -m smendpoints.api.admission", description, files, arguments)


if __name__ == "__main__":
    sys.exit(main())
