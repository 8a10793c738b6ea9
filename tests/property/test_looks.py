"""How often an edit looks at AWS: what was seen before the status was written is acted on after it, while it holds.

In virtual time. A process that was killed between, another wish, a hand in AWS, or time that passed: each looks anew.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from smendpoints.aws.listed.watch import Cadence
from smendpoints.domain.desired.desired import tag_list
from smendpoints.domain.desired.ownership import Owner
from smsandbox.testing.harness import Harness
from smsandbox.testing.holdings import LISTS
from smsandbox.testing.specs import ARTIFACTS, spec, two_variants, with_variant
from smsandbox.testing.virtual_aws import BRISK

SETTINGS = BRISK
TAGS = {"tags": {"team": "ml"}}
COUNTED = with_variant(spec(), scaling=None)
BOUNDS = {"minCapacity": 2, "maxCapacity": 6, "targetInvocationsPerInstance": 70}


def at_rest(harness: Harness, wish: Mapping[str, Any], cadence: Cadence | None = None) -> None:
    """In service, and nothing left to find out; lists are read again for what is awaited alone."""
    harness.cadence = cadence or Cadence(poll=5.0, watch=1e6, audit=1e6)
    harness.restart()
    harness.apply("iris", wish)
    harness.settle("iris")
    harness.run(60.0)
    harness.world.calls.reset()


def made(harness: Harness) -> Counter[str]:
    """The calls so far, but for the shared lists."""
    return Counter(call["operation"] for call in harness.world.calls.recent()) - LISTS


def after_writing_ahead(harness: Harness, wish: Mapping[str, Any]) -> None:
    """The edit was looked at and is written ahead; AWS is not changed yet."""
    harness.apply("iris", wish)
    harness.tick()
    assert harness.calls("DescribeEndpoint") == 1
    assert not harness.calls("AddTags")


@pytest.mark.parametrize(
    ("before", "after", "most"),
    [
        (spec(), spec(**TAGS), 9),  # three of them tag endpoint, config and model
        (COUNTED, with_variant(COUNTED, instance={"type": "ml.m5.large", "count": 2}), 7),
        (spec(), with_variant(spec(), scaling=BOUNDS), 13),  # with the look at the instance that it starts
        (two_variants(1, 1), two_variants(1, 3), 15),
        (spec(), with_variant(spec(), modelArtifact=ARTIFACTS[1]), 23),  # five of pre-flight, three of the models
    ],
    ids=["tags", "count", "bounds", "weights", "model"],
)
def test_an_edit_costs_few_calls_none_of_them_failing(
    harness: Harness, before: Mapping[str, Any], after: Mapping[str, Any], most: int
) -> None:
    at_rest(harness, before)
    harness.apply("iris", after)
    harness.settle("iris")
    calls = made(harness)
    print(f"{calls.total()} calls: {dict(calls)}")
    assert calls.total() <= most, calls
    assert harness.failed_calls() == {}


def test_an_edit_looks_once_before_it_acts(harness: Harness) -> None:
    at_rest(harness, spec())
    after_writing_ahead(harness, spec(**TAGS))
    before = made(harness)
    harness.tick()
    assert made(harness) - before == {"AddTags": 3}


def test_a_process_killed_after_writing_ahead_looks_itself(harness: Harness) -> None:
    at_rest(harness, spec())
    after_writing_ahead(harness, spec(**TAGS))
    harness.restart()
    harness.settle("iris")
    assert harness.calls("DescribeEndpoint") == 2
    assert harness.calls("AddTags") == 3


def test_another_wish_looks_again_and_nothing_of_the_first_reaches_aws(harness: Harness) -> None:
    at_rest(harness, spec())
    after_writing_ahead(harness, spec(**TAGS))
    harness.apply("iris", spec(tags={"team": "data"}))
    harness.settle("iris")
    assert harness.calls("DescribeEndpoint") == 2
    assert harness.calls("AddTags") == 3
    tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    assert {"Key": "team", "Value": "data"} in tags


def test_what_was_seen_long_ago_is_looked_at_again(harness: Harness) -> None:
    at_rest(harness, spec())
    after_writing_ahead(harness, spec(**TAGS))
    harness.world.advance(11.0)
    harness.tick()
    assert harness.calls("DescribeEndpoint") == 2
    assert harness.calls("AddTags") == 3


def test_a_status_that_is_lost_again_and_again_does_not_keep_an_old_look(harness: Harness) -> None:
    at_rest(harness, spec())
    unwritten = harness.objects["iris"].body["status"]
    after_writing_ahead(harness, spec(**TAGS))
    for _ in range(6):
        harness.set_status("iris", unwritten)
        harness.world.advance(4.0)
        harness.tick()
    assert harness.calls("AddTags") == 0
    assert harness.calls("DescribeEndpoint") >= 3


def test_what_a_list_shows_meanwhile_is_looked_at_again(harness: Harness) -> None:
    at_rest(harness, spec())
    after_writing_ahead(harness, spec(**TAGS))
    harness.scale_by_hand(3)
    harness.accounts.all()[0].watch.look("default-iris", max_age=0.0)
    harness.tick()
    assert harness.calls("DescribeEndpoint") == 2


def test_an_endpoint_that_a_hand_deleted_meanwhile_is_made_again_as_the_edit_says(harness: Harness) -> None:
    at_rest(harness, spec(), harness.cadence)
    after_writing_ahead(harness, spec(**TAGS))
    harness.client("sagemaker").delete_endpoint(EndpointName="default-iris")
    harness.tick()
    harness.run(600.0)
    harness.settle("iris")
    assert harness.live()["EndpointStatus"] == "InService"
    tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    assert {"Key": "team", "Value": "ml"} in tags


def test_what_would_be_deleted_is_looked_at_right_before(harness: Harness) -> None:
    """A hand goes back to the old config while the status is written: that config is in use again, and stays."""
    at_rest(harness, spec())
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    harness.run(60.0)
    old = harness.resource("iris").status.history[1].config_name
    harness.world.calls.reset()
    after_writing_ahead(harness, with_variant(spec(revisionHistoryLimit=0, **TAGS), modelArtifact=ARTIFACTS[1]))
    harness.client("sagemaker").update_endpoint(EndpointName="default-iris", EndpointConfigName=old)
    harness.tick()
    assert harness.calls("DeleteEndpointConfig") == 0
    harness.run(600.0)
    harness.settle("iris")
    assert harness.violations == []
    assert harness.live()["EndpointConfigName"] != old


def test_an_endpoint_that_is_to_be_taken_over_is_looked_at_right_before(harness: Harness) -> None:
    """Another cluster takes it first, while the status is written: it stays theirs."""
    at_rest(harness, spec(deletionPolicy="Retain"))
    harness.delete("iris")
    harness.settle_gone("iris")
    harness.run(120.0)
    arn = harness.live()["EndpointArn"]
    harness.world.calls.reset()
    harness.apply("iris", spec(adoptExisting=True))
    for _ in range(20):
        harness.tick()
        if harness.resource("iris").status.adopted:
            break
    assert harness.calls("AddTags") == 0
    theirs = Owner("another", "default", "iris").tags()
    harness.client("sagemaker").add_tags(ResourceArn=arn, Tags=tag_list(theirs))
    before = harness.calls("AddTags")
    harness.run(60.0)
    assert harness.calls("AddTags") == before
    told = harness.condition("iris", "Ready")
    assert told is not None
    assert told.status == "False"
