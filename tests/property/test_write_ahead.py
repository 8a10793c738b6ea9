"""That something may be in AWS is in the status before anything is; until then a deletion asks nobody. In virtual time."""

import pytest

from smendpoints.domain.plan.actions import Action, Verb
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import spec, with_variant

EVERYTHING = {"kind": "error", "code": "AccessDeniedException", "status": 403, "message": "no"}


def calls(harness: Harness) -> int:
    return sum(sum(codes.values()) for each in harness.world.calls.counts().values() for codes in each.values())


def left(harness: Harness) -> dict[str, list[str]]:
    return {kind: names for kind, names in harness.inventory().items() if names}


def test_nothing_is_made_before_the_status_says_that_something_may_be(harness: Harness) -> None:
    harness.apply("iris", spec())
    harness.tick()
    assert harness.resource("iris").status.created_in_aws is True
    assert left(harness) == {}
    reconciling = harness.condition("iris", "Reconciling")
    assert reconciling is not None
    assert reconciling.reason == "Creating"
    harness.tick()
    assert left(harness).keys() == {"endpoints", "configs", "models"}
    assert [event.reason for event in harness.events] == ["Creating"]


def test_nothing_is_made_while_the_api_server_does_not_show_that_it_was_written(harness: Harness) -> None:
    harness.apply("iris", spec())
    unwritten = harness.objects["iris"].body["status"]
    for _ in range(12):
        harness.tick()
        harness.set_status("iris", unwritten)  # as if the write had been lost
        harness.world.advance(5)
    assert left(harness) == {}
    harness.settle("iris")
    assert left(harness)["endpoints"] == ["default-iris"]
    assert harness.violations == []


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_what_never_made_anything_is_deleted_though_aws_denies_every_call(harness: Harness, policy: str) -> None:
    harness.world.faults.add(EVERYTHING)
    harness.apply("iris", spec(deletionPolicy=policy))
    harness.settle("iris")
    assert harness.resource("iris").status.created_in_aws is False
    before = calls(harness)
    harness.delete("iris")
    harness.tick()
    assert "iris" not in harness.objects
    assert calls(harness) == before
    assert harness.events[-1].message == "nothing was created in AWS for this object, so nothing is deleted there"


@pytest.mark.parametrize(
    "wish",
    [
        with_variant(spec(), modelArtifact="s3://sagemaker-us-east-1-123456789012/none/model.tar.gz"),
        spec(desiredState="Stopped"),
        spec(suspend=True),
        spec(executionRoleARN=None),
    ],
    ids=["refused by pre-flight", "stopped", "suspended", "not to be translated"],
)
def test_an_object_that_made_nothing_says_so_and_is_deleted_without_a_call(harness: Harness, wish: object) -> None:
    harness.apply("iris", wish)  # type: ignore[arg-type]
    harness.run(120)
    status = harness.resource("iris").status
    assert (status.created_in_aws, status.observed_generation) == (False, 1)
    before = calls(harness)
    harness.delete("iris")
    harness.tick()
    assert "iris" not in harness.objects
    assert calls(harness) == before


def test_an_endpoint_of_ours_counts_as_made_though_the_status_was_lost(harness: Harness) -> None:
    harness.ready()
    harness.set_status("iris", {"observedGeneration": -1, "createdInAWS": False})  # as after a restore
    harness.restart()
    harness.settle("iris")
    assert harness.resource("iris").status.created_in_aws is True
    harness.delete("iris")
    harness.settle_gone("iris")
    assert left(harness) == {}


@pytest.mark.parametrize("when", ["it is in service", "it had only made a model"])
def test_an_object_of_the_release_before_goes_on_and_leaves_nothing(harness: Harness, when: str) -> None:
    if when == "it is in service":
        harness.ready()
        harness.run(60)
    else:
        harness.kill_after = 0
        harness.apply("iris", spec())
        harness.tick()
        harness.tick()
        assert left(harness).keys() == {"models"}
    status = harness.objects["iris"].body["status"]
    del status["createdInAWS"]
    if when == "it is in service":
        harness.restart()
        harness.run(60)
        assert harness.resource("iris").status.created_in_aws is True
    harness.delete("iris")
    harness.settle_gone("iris")
    assert left(harness) == {}


def test_an_object_of_the_release_before_says_so_before_it_changes_anything(harness: Harness) -> None:
    harness.ready()
    status = harness.objects["iris"].body["status"]
    harness.set_status("iris", {key: value for key, value in status.items() if key != "createdInAWS"})
    harness.restart()
    harness.apply("iris", spec(tags={"team": "ml"}))
    harness.tick()
    assert harness.resource("iris").status.created_in_aws is True
    assert harness.calls("AddTags") == 0
    harness.settle("iris")
    assert harness.calls("AddTags") == 3  # of the endpoint, its config and its model


@pytest.mark.parametrize(
    "artifact",
    [None, "s3://sagemaker-us-east-1-123456789012/none/model.tar.gz"],
    ids=["alone", "beside what is blocked"],
)
def test_tags_are_in_the_status_before_they_are_in_aws(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, artifact: str | None
) -> None:
    harness.ready()
    known: list[dict[str, str]] = []
    about_to = harness.about_to

    def noted(action: Action) -> None:
        if action.verb is Verb.ADD_TAGS:
            resolved = harness.resource("iris").status.resolved
            known.append(dict(resolved.tags) if resolved is not None else {})
        about_to(action)

    monkeypatch.setattr(harness, "about_to", noted)
    harness.apply("iris", with_variant(spec(tags={"team": "ml"}), **({"modelArtifact": artifact} if artifact else {})))
    harness.settle("iris")
    harness.run(60)
    assert known
    assert all(each == {"team": "ml"} for each in known)
