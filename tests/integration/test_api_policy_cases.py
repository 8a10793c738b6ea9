"""The table of what policies allow, on a real API server: each case is an object that is sent, and what is answered."""

import pytest

from smsandbox.testing.policies import Boundary
from smsandbox.testing.policy_cases import CASES, Case


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_policy_allows_and_refuses_as_the_table_says(boundary: Boundary, case: Case) -> None:
    namespace = boundary.namespace()
    if case.before is not None:
        boundary.send(namespace, case.before, dry=False)
    policies = [boundary.policy(rules, namespace=namespace) for rules in case.policies]
    boundary.settle()
    said = boundary.answer(namespace, case.spec, update=case.before is not None)
    boundary.close()
    if not case.violates:
        assert said == ""
        return
    told = [f"denied request: policy {policy}, {field}: " for policy in policies for field in case.violates]
    assert [each for each in told if each in said], said
