"""The kind SageMakerEndpointPolicy on a real API server: what is refused of a policy, what is kept, what is shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from smendpoints.api.group import GROUP, POLICY_KIND, POLICY_PLURAL, VERSION
from smendpoints.api.policy import GLOB, GLOBS_LENGTH, LABEL_KEY, LABEL_VALUE, NAME_PREFIX, SageMakerEndpointPolicySpec
from smendpoints.api.rules import PATTERNS
from smendpoints.api.rules.policy import GLOB_LISTS, POLICY
from smsandbox.controlplane import ControlPlane
from smsandbox.testing.dry_run import RefusedError, kept

CRDS = Path(__file__).parents[2] / "crds"
CRD = f"crd/{POLICY_PLURAL}.{GROUP}"
KEYS = "keys of labels must look like team or example.com/team"
VALUES = "In and NotIn need values; Exists and DoesNotExist must not have any: add or remove values"
LENGTH = "the globs in {} may have at most {} characters in total: write fewer or shorter ones, with wildcards"
TAG_SIGNS = (
    "keys and values of tags may only contain letters, digits, spaces and _ . : / = + - @: remove other characters"
)

Spec = dict[str, Any]


def policy(**fields: Any) -> Spec:
    return {"namespaceSelector": {}} | fields


def selecting(*requirements: Spec, **labels: str) -> Spec:
    return {"namespaceSelector": {"matchLabels": labels, "matchExpressions": list(requirements)}}


REFUSED: dict[str, tuple[Spec, str, str]] = {
    "no selector, which might be meant for all or for none": ({}, "spec.namespaceSelector", "Required value"),
    "a label's key with a space": (
        {"namespaceSelector": {"matchLabels": {"my team": "a"}}},
        "spec.namespaceSelector.matchLabels",
        KEYS,
    ),
    "a label's value with a slash": (selecting(team="a/b"), "spec.namespaceSelector.matchLabels[team]", LABEL_VALUE),
    "In without values": (
        selecting({"key": "team", "operator": "In"}),
        "spec.namespaceSelector.matchExpressions[0].values",
        VALUES,
    ),
    "NotIn without values": (
        selecting({"key": "team", "operator": "NotIn", "values": []}),
        "spec.namespaceSelector.matchExpressions[0].values",
        VALUES,
    ),
    "Exists with values": (
        selecting({"key": "team", "operator": "Exists", "values": ["a"]}),
        "spec.namespaceSelector.matchExpressions[0].values",
        VALUES,
    ),
    "a key of two slashes": (
        selecting({"key": "a/b/c", "operator": "Exists"}),
        "spec.namespaceSelector.matchExpressions[0].key",
        LABEL_KEY,
    ),
    "an operator of Kubernetes' nodes": (
        selecting({"key": "a", "operator": "Gt", "values": ["1"]}),
        "spec.namespaceSelector.matchExpressions[0].operator",
        'supported values: "In", "NotIn", "Exists", "DoesNotExist"',
    ),
    **{
        f"the {what} of a regular expression": (policy(images=[f"a{sign}b"]), "spec.images[0]", GLOB)
        for what, sign in {
            "dollar": "$",
            "caret": "^",
            "bar": "|",
            "backslash": "\\",
            "parenthesis": "(",
            "bracket": "[",
            "brace": "{",
            "line break": "\n",
        }.items()
    },
    "21 globs": (policy(regions=["r"] * 21), "spec.regions", "must have at most 20 items"),
    "a glob of 257 characters": (policy(regions=["r" * 257]), "spec.regions[0]", "may not be more than 256 bytes"),
    **{
        f"{name} that are long together": (
            policy(**{name: ["r" * (most // 10 + 1)] * 10}),
            f"spec.{name}",
            LENGTH.format(name, most),
        )
        for name, most in GLOBS_LENGTH.items()
    },
    "a prefix that no endpoint has": (policy(endpointNamePrefix="team_a"), "spec.endpointNamePrefix", NAME_PREFIX),
    "a tag of AWS's own": (
        policy(requiredTags={"aws:team": "a"}),
        "spec.requiredTags",
        (
            "keys of tags must not begin with aws: (reserved by AWS) or smendpoints.dev/ (reserved by the operator): use"
            " other keys"
        ),
    ),
    "a tag of the operator's, in another case": (
        policy(requiredTags={"Smendpoints.Dev/cluster": "a"}),
        "spec.requiredTags",
        (
            "keys of tags must not begin with aws: (reserved by AWS) or smendpoints.dev/ (reserved by the operator): use"
            " other keys"
        ),
    ),
    "a tag with a sign that AWS does not take": (policy(requiredTags={"team!": "a"}), "spec.requiredTags", TAG_SIGNS),
    "a default tag likewise": (policy(defaults={"tags": {"team!": "a"}}), "spec.defaults.tags", TAG_SIGNS),
    "a tag with a long key": (
        policy(requiredTags={"t" * 129: "a"}),
        "spec.requiredTags",
        "keys of tags must have 1 to 128 characters",
    ),
}
FULL = policy(
    **{name: ["a*", "b?", "c.+"] for name in GLOB_LISTS},
    maxInstancesPerEndpoint=4,
    maxInstances=20,
    maxHourlyUSD=12.5,
    endpointNamePrefix="team-a-",
    requiredTags={"team": "a"},
    allowAdoption=True,
    logTails=False,
    allowSecretLikeEnvironment=False,
    defaults={
        "executionRoleARN": "arn:aws:iam::123456789012:role/team-a",
        "assumeRoleARN": "arn:aws:iam::123456789012:role/operator-team-a",
        "region": "eu-central-1",
        "vpc": {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1"]},
        "tags": {"cost-center": "42"},
    },
)
TAKEN: dict[str, Spec] = {
    "for every namespace, restricting nothing": policy(),
    "nothing allowed": policy(**{name: [] for name in GLOB_LISTS}, maxInstancesPerEndpoint=0),
    "all of it": FULL,
    "every operator of a selector": selecting(
        {"key": "a", "operator": "In", "values": ["1", ""]},
        {"key": "example.com/b", "operator": "NotIn", "values": ["1"]},
        {"key": "c", "operator": "Exists"},
        {"key": "d", "operator": "DoesNotExist", "values": []},
        team="a",
        empty="",
    ),
    "every sign that a glob may have": policy(modelArtifacts=["s3://a-b.c/d_e/f=g+h@i,j !#%&:;<>~?*"]),
    "as many as there may be": policy(
        **{name: ["i" * (most // 20)] * 20 for name, most in GLOBS_LENGTH.items()}, kmsKeyIDs=["k" * 256] * 20
    ),
}
Send = Callable[[Spec], Spec]


@pytest.fixture(scope="module")
def send(plane: ControlPlane) -> Send:
    """Send a policy's spec to the API server, as a dry run; what it would keep of it."""
    api = client.CustomObjectsApi(config.new_client_from_config(str(plane.kubeconfig)))

    def post(wanted: Spec) -> Spec:
        body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": POLICY_KIND, "metadata": {"name": "trial"}, "spec": wanted}
        return kept(api.create_cluster_custom_object, GROUP, VERSION, POLICY_PLURAL, body)

    return post


@pytest.mark.parametrize(("wanted", "field", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_the_api_server_refuses(send: Send, wanted: Spec, field: str, sentence: str) -> None:
    with pytest.raises(RefusedError) as caught:
        send(wanted)
    causes = [cause for cause in caught.value.causes if " in body should match " not in cause["message"]]
    assert {cause["field"] for cause in causes} - {"<nil>"} == {field}  # nil: rules wait for a right schema
    assert [cause["message"] for cause in causes if PATTERNS.get(sentence, sentence) in cause["message"]]


@pytest.mark.parametrize("wanted", TAKEN.values(), ids=TAKEN.keys())
def test_the_api_server_takes_and_keeps_what_the_operator_reads(send: Send, wanted: Spec) -> None:
    kept = SageMakerEndpointPolicySpec.model_validate(send(wanted))
    assert kept == SageMakerEndpointPolicySpec.model_validate(wanted)


def test_what_is_unset_is_told_from_what_is_empty(send: Send) -> None:
    kept = SageMakerEndpointPolicySpec.model_validate(send(policy(images=[])))
    assert (kept.images, kept.regions) == ([], None)


def test_each_rule_is_broken_by_a_case() -> None:
    told = {sentence for _, _, sentence in REFUSED.values()}
    assert {rule.message for rule in POLICY} | {GLOB, LABEL_KEY, LABEL_VALUE, NAME_PREFIX} <= told
    assert set(GLOB_LISTS) == {
        *("assumeRoleARNs", "executionRoleARNs", "regions", "instanceTypes", "images", "modelArtifacts"),
        *("kmsKeyIDs", "subnetIDs", "securityGroupIDs"),
    }


def test_the_columns_tell_whom_it_is_for_and_what_it_allows(plane: ControlPlane) -> None:
    spec = FULL | {"namespaceSelector": {"matchLabels": {"nobody-is": "this"}}}
    body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": POLICY_KIND, "metadata": {"name": "shown"}, "spec": spec}
    plane.kubectl("apply", "-f", "-", stdin=json.dumps(body))
    try:
        narrow, wide = (
            [line.split() for line in plane.kubectl("get", "smeppolicy", "shown", *more).splitlines()]
            for more in ((), ("-o", "wide"))
        )
    finally:
        plane.kubectl("delete", "smeppolicies", "shown")
    assert narrow[0] == ["NAME", "SELECTOR", "INSTANCES", "USD/H", "ADOPTION", "AGE"]
    assert narrow[1][:-1] == ["shown", '{"matchLabels":{"nobody-is":"this"}}', "20", "12.5", "true"]
    assert wide[0] == [*narrow[0], "PER-ENDPOINT", "PREFIX", "TYPES"]
    assert wide[1][6:] == ["4", "team-a-", '["a*","b?","c.+"]']
