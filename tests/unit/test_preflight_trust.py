"""Trust policies: what they say of SageMaker, and where nothing is claimed."""

from typing import Any

import pytest

from smendpoints.domain.preflight.trust import Trust, trust_in_sagemaker


def statement(**changes: Any) -> dict[str, Any]:
    base = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


CONDITION = {"ArnLike": {"aws:SourceArn": "arn:aws:sagemaker:us-east-1:123456789012:*"}}
DENY = statement(Effect="Deny")

POLICIES: dict[str, tuple[list[dict[str, Any]], Trust]] = {
    "SageMaker alone": ([statement()], Trust.ALLOWED),
    "SageMaker among others": (
        [statement(Principal={"Service": ["ec2.amazonaws.com", "sagemaker.amazonaws.com"]})],
        Trust.ALLOWED,
    ),
    "everybody": ([statement(Principal="*")], Trust.ALLOWED),
    "everybody, in other words": ([statement(Principal={"AWS": "*"})], Trust.ALLOWED),
    "every service": ([statement(Principal={"Service": "*"})], Trust.ALLOWED),
    "several actions": ([statement(Action=["sts:TagSession", "sts:AssumeRole"])], Trust.ALLOWED),
    "all actions of STS": ([statement(Action="sts:*")], Trust.ALLOWED),
    "in other letters": ([statement(Action="STS:assumerole")], Trust.ALLOWED),
    "in the second statement": ([statement(Principal={"AWS": "1"}), statement()], Trust.ALLOWED),
    "under a condition": ([statement(Condition=CONDITION)], Trust.CONDITIONAL),
    "under a condition and without": ([statement(Condition=CONDITION), statement()], Trust.ALLOWED),
    "another service": ([statement(Principal={"Service": "ec2.amazonaws.com"})], Trust.NOT_ALLOWED),
    "an account, no service": ([statement(Principal={"AWS": "arn:aws:iam::1:root"})], Trust.NOT_ALLOWED),
    "no principal": ([statement(Principal=None)], Trust.NOT_ALLOWED),
    "another action": ([statement(Action="sts:TagSession")], Trust.NOT_ALLOWED),
    "nobody": ([], Trust.NOT_ALLOWED),
    "denied after all": ([statement(), DENY], Trust.DENIED),
    "denied under a condition": ([statement(), {**DENY, "Condition": CONDITION}], Trust.CONDITIONAL),
    "neither allowed nor quite denied": ([{**DENY, "Condition": CONDITION}], Trust.NOT_ALLOWED),
    "another service denied": ([statement(), statement(Effect="Deny", Principal={"AWS": "1"})], Trust.ALLOWED),
    "all actions but": ([statement(Action=None, NotAction="sts:TagSession")], Trust.UNKNOWN),
    "all principals but": ([statement(Principal=None, NotPrincipal={"AWS": "1"})], Trust.UNKNOWN),
}


@pytest.mark.parametrize(("statements", "trust"), POLICIES.values(), ids=POLICIES.keys())
def test_a_trust_policy_says_whether_sagemaker_may_assume_the_role(
    statements: list[dict[str, Any]], trust: Trust
) -> None:
    assert trust_in_sagemaker({"Version": "2012-10-17", "Statement": statements}) is trust


def test_a_single_statement_need_not_be_in_a_list() -> None:
    assert trust_in_sagemaker({"Statement": statement()}) is Trust.ALLOWED


def test_a_policy_without_statements_allows_nothing() -> None:
    assert trust_in_sagemaker({}) is Trust.NOT_ALLOWED
