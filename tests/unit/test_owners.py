"""Whose configs and models are: asked for once, and again before one is deleted on an old word."""

import pytest

from smendpoints.aws.owners import Owners, Tags
from smendpoints.domain.desired.ownership import Owner
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.actions import Action, Verb

OWNER = Owner("c", "default", "iris")
OTHER = Owner("c", "default", "rose")
CONFIG = "arn:aws:sagemaker:us-east-1:1:endpoint-config/default-iris-0123456789"
MODEL = "arn:aws:sagemaker:us-east-1:1:model/default-iris-primary-0123456789"


class Aws:
    def __init__(self) -> None:
        self.now = 0.0
        self.tags: dict[str, dict[str, str]] = {CONFIG: OWNER.tags() | {"team": "ml"}, MODEL: OWNER.tags()}
        self.asked: list[str] = []
        self.owners = Owners(self.ask, 100, lambda: self.now)

    def ask(self, arn: str) -> Tags | None:
        self.asked.append(arn)
        return self.tags.get(arn)


def delete(arn: str) -> Action:
    verb = Verb.DELETE_MODEL if ":model/" in arn else Verb.DELETE_CONFIG
    return Action(verb, arn.rpartition("/")[2], {})


@pytest.fixture
def aws() -> Aws:
    return Aws()


def test_the_owners_own_is_asked_for_once(aws: Aws) -> None:
    assert [aws.owners.owned(CONFIG, OWNER) for _ in range(3)] == [True] * 3
    assert aws.asked == [CONFIG]


def test_what_this_process_made_is_not_asked_for(aws: Aws) -> None:
    aws.owners.put(CONFIG.replace("default-iris", "Default-Iris"), OWNER.tags())
    assert aws.owners.owned(CONFIG, OWNER)
    assert aws.asked == []


def test_what_is_not_the_owners_is_asked_for_each_time(aws: Aws) -> None:
    assert not aws.owners.owned(CONFIG, OTHER)
    aws.tags[CONFIG] = OTHER.tags()
    assert aws.owners.owned(CONFIG, OTHER)


def test_what_is_gone_is_nobodys(aws: Aws) -> None:
    aws.tags.clear()
    assert not aws.owners.owned(CONFIG, OWNER)


def test_tags_that_were_changed_are_asked_for_again(aws: Aws) -> None:
    assert aws.owners.owned(CONFIG, OWNER)
    aws.tags[CONFIG] = {}
    aws.owners.drop(CONFIG)
    assert not aws.owners.owned(CONFIG, OWNER)


@pytest.mark.parametrize("arn", [CONFIG, MODEL])
def test_a_deletion_asks_again_whose_it_is_unless_it_was_asked_just_now(aws: Aws, arn: str) -> None:
    aws.owners.owned(arn, OWNER)
    aws.now = 59
    aws.owners.confirm(delete(arn))
    assert aws.asked == [arn]
    aws.now = 61
    aws.owners.confirm(delete(arn))
    assert aws.asked == [arn, arn]


@pytest.mark.parametrize("tags", [{}, OTHER.tags(), OWNER.tags() | {"smendpoints.dev/cluster": "another"}], ids=str)
@pytest.mark.parametrize("arn", [CONFIG, MODEL])
def test_what_is_another_owners_by_now_is_not_deleted(aws: Aws, arn: str, tags: dict[str, str]) -> None:
    aws.owners.owned(arn, OWNER)
    aws.now, aws.tags[arn] = 3600, tags
    with pytest.raises(ReconcileError) as refused:
        aws.owners.confirm(delete(arn))
    assert refused.value.kind is Kind.RETRY
    assert not aws.owners.owned(arn, OWNER)  # and is no longer believed to be its


def test_another_tag_that_was_changed_is_no_hindrance(aws: Aws) -> None:
    aws.owners.owned(CONFIG, OWNER)
    aws.now, aws.tags[CONFIG] = 3600, OWNER.tags() | {"team": "nobody"}
    aws.owners.confirm(delete(CONFIG))


def test_what_is_gone_by_now_may_be_deleted(aws: Aws) -> None:
    aws.owners.owned(CONFIG, OWNER)
    aws.now = 3600
    aws.tags.clear()
    aws.owners.confirm(delete(CONFIG))


def test_nothing_else_is_asked_about(aws: Aws) -> None:
    aws.owners.owned(CONFIG, OWNER)
    aws.now = 3600
    for verb in set(Verb) - {Verb.DELETE_CONFIG}:
        aws.owners.confirm(Action(verb, CONFIG.rpartition("/")[2], {}))
    assert aws.asked == [CONFIG]
