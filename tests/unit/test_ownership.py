"""Who owns a thing in AWS, by its tags; to IAM, keys that differ by case are one."""

from pathlib import Path

import pytest
import yaml

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.desired.desired import desire
from smendpoints.domain.desired.ownership import Owner, is_owned, told_owner
from smendpoints.domain.plan import alarms

SAMPLE = Path(__file__).parents[2] / "manifests" / "samples" / "minimal.yaml"


@pytest.mark.parametrize("key", ["smendpoints.dev/name", "SMENDPOINTS.DEV/name", "Smendpoints.dev/Name"])
def test_what_carries_an_owners_tag_in_any_case_is_somebodys(key: str) -> None:
    tags = {key: "iris", "SMENDPOINTS.dev/namespace": "shop", "Smendpoints.dev/cluster": "c", "team": "x"}
    assert is_owned(tags)
    assert not is_owned({"team": "x", "name": "iris"})
    assert told_owner(tags, Owner("c", "shop", "wine").tags()) == "the SageMakerEndpoint iris"
    assert told_owner(tags, Owner("c", "other", "wine").tags()) == "another object"
    assert told_owner(tags, Owner("d", "shop", "wine").tags()) == "another object", "of another cluster"
    alarm = alarms.sort(Owner("c", "shop", "wine"), {"a": "arn"}, {"a": tags})
    assert alarm == alarms.Ownership(others={"a": "arn"})


@pytest.mark.parametrize(
    "key", ["smendpoints.dev/cluster", "SMENDPOINTS.DEV/cluster", "Smendpoints.Dev/Anything", " smendpoints.dev/name"]
)
def test_a_tag_of_the_operators_in_a_spec_of_before_the_rule_is_not_sent(key: str) -> None:
    body = yaml.safe_load(SAMPLE.read_text())
    body["metadata"] |= {"namespace": "default", "uid": "u"}
    body["spec"]["tags"] = {key: "theirs", "team": "x"}
    tags = desire(SageMakerEndpoint.parse(body), "cluster-1", None).tags
    assert "theirs" not in tags.values()
    assert {key: value for key, value in tags.items() if key.lower() == "smendpoints.dev/cluster"} == {
        "smendpoints.dev/cluster": "cluster-1"
    }
    assert tags["team"] == "x"
    assert "theirs" not in tags.values()
