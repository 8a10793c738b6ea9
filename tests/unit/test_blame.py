"""What a refusal is laid to, by how often which calls were sent and refused."""

import pytest

from smendpoints.aws.calls.blame import Scope, blamed

ALL: Scope = ()
SAGEMAKER: Scope = ("sagemaker",)
TAGS: Scope = ("sagemaker", "AddTags")
MODEL: Scope = ("sagemaker", "CreateModel")
ENDPOINT: Scope = ("sagemaker", "DescribeEndpoint")
POLICIES: Scope = ("application-autoscaling", "DescribeScalingPolicies")
TARGETS: Scope = ("application-autoscaling", "DescribeScalableTargets")
STS: Scope = ("sts",)


@pytest.mark.parametrize("number", [0.06, 1.0, 50.0])
@pytest.mark.parametrize("kind", [TAGS, STS])
def test_where_one_kind_is_refused_its_own_limit_explains_it(kind: Scope, number: float) -> None:
    assert blamed({kind: number}, {kind: 100.0, ENDPOINT: 100.0, POLICIES: 100.0}) == {kind: kind}
    assert blamed({kind: number}, {kind: number}) == {kind: kind}


def test_kinds_that_are_refused_as_often_as_they_are_sent_share_a_limit() -> None:
    sent = {TAGS: 60.0, MODEL: 10.0, ENDPOINT: 30.0}
    assert blamed({kind: number / 10 for kind, number in sent.items()}, sent) == dict.fromkeys(sent, SAGEMAKER)


def test_services_whose_calls_are_refused_as_often_as_they_are_sent_share_a_limit() -> None:
    sent = {TAGS: 50.0, ENDPOINT: 30.0, POLICIES: 20.0}
    assert blamed({kind: number / 10 for kind, number in sent.items()}, sent) == dict.fromkeys(sent, ALL)


def test_two_rare_kinds_that_alone_are_refused_have_a_limit_each() -> None:
    sent = {TAGS: 5.0, MODEL: 5.0, ENDPOINT: 500.0, POLICIES: 500.0}
    assert blamed({TAGS: 4.0, MODEL: 3.0}, sent) == {TAGS: TAGS, MODEL: MODEL}


def test_a_kind_that_is_refused_far_more_often_than_others_has_a_limit_beside_theirs() -> None:
    sent = {TAGS: 20.0, MODEL: 100.0, ENDPOINT: 100.0, POLICIES: 100.0}
    refused = {TAGS: 15.0, MODEL: 5.0, ENDPOINT: 6.0, POLICIES: 4.0}
    assert blamed(refused, sent) == {TAGS: TAGS, MODEL: ALL, ENDPOINT: ALL, POLICIES: ALL}


def test_a_limit_of_one_service_is_not_laid_to_another_that_is_refused_for_its_own() -> None:
    sent = {TAGS: 100.0, MODEL: 100.0, ENDPOINT: 300.0, POLICIES: 20.0, TARGETS: 900.0}
    refused = {TAGS: 5.0, MODEL: 5.0, ENDPOINT: 15.0, POLICIES: 12.0}
    assert blamed(refused, sent) == {TAGS: SAGEMAKER, MODEL: SAGEMAKER, ENDPOINT: SAGEMAKER, POLICIES: POLICIES}
