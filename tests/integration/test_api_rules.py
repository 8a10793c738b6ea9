"""Each rule of the CRD against a real API server: what is refused, where, and with which sentence."""

from collections.abc import Callable

import pytest
from kubernetes import client, config

from smendpoints.api.group import GROUP, KIND, PLURAL, VERSION
from smendpoints.api.policy import GLOB, LABEL_KEY, LABEL_VALUE, NAME_PREFIX
from smendpoints.api.rules import PATTERNS, RULES
from smendpoints.api.rules.experiment import EXPERIMENT
from smendpoints.api.rules.policy import POLICY
from smendpoints.api.spec import SageMakerEndpointSpec
from smsandbox.controlplane import ControlPlane
from smsandbox.testing.dry_run import RefusedError, kept
from smsandbox.testing.spec_cases import REFUSED, TAKEN, Spec

POLICY_PATTERNS = {GLOB, LABEL_KEY, LABEL_VALUE, NAME_PREFIX}  # these and the policy's rules: test_api_policy_kind

Send = Callable[[Spec], Spec]


@pytest.fixture(scope="module")
def send(plane: ControlPlane) -> Send:
    """Send a spec to the API server, as a dry run; what it would keep of it."""
    api = client.CustomObjectsApi(config.new_client_from_config(str(plane.kubeconfig)))

    def post(wanted: Spec) -> Spec:
        body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": {"name": "trial"}, "spec": wanted}
        return kept(api.create_namespaced_custom_object, GROUP, VERSION, "default", PLURAL, body)

    return post


@pytest.mark.parametrize(("wanted", "field", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_the_api_server_refuses(send: Send, wanted: Spec, field: str, sentence: str) -> None:
    with pytest.raises(RefusedError) as caught:
        send(wanted)
    causes = [cause for cause in caught.value.causes if " in body should match " not in cause["message"]]
    assert [(cause["field"], cause["message"].removesuffix(sentence)[-2:]) for cause in causes] == [(field, ": ")]


@pytest.mark.parametrize("wanted", TAKEN.values(), ids=TAKEN.keys())
def test_the_api_server_takes_and_keeps_what_the_operator_reads(send: Send, wanted: Spec) -> None:
    """The defaults of the CRD and of the types are the same: an object with them reads as one without."""
    found = send(wanted)
    assert SageMakerEndpointSpec.model_validate(found) == SageMakerEndpointSpec.model_validate(wanted)


def test_each_rule_is_broken_by_a_case() -> None:
    immutable = {rule.message for rule in RULES if "oldSelf" in rule.cel}  # these need two versions: test_api_server
    others = {rule.message for rule in RULES if rule not in (*POLICY, *EXPERIMENT)}  # each kind has tests of its own
    sentences = others | {sentence for pattern, sentence in PATTERNS.items() if pattern not in POLICY_PATTERNS}
    assert sentences - immutable == {sentence for _, _, sentence in REFUSED.values()}
