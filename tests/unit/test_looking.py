"""How a reconcile comes by what AWS shows: once, and for one that goes on at once no second time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.controller import looking
from smendpoints.controller.memory import Memory
from smendpoints.controller.observe import Glance
from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.observed.observed import Observed, OwnedResources, Recalled

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOWN = Glance(summary="listed", since_written=True, absent=False)  # type: ignore[arg-type]
RUNS = Schedule(True)
B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}


class Looks:
    """One object that is looked at again and again; what AWS and the lists show is set beforehand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seen: Any) -> None:
        self.seen = seen
        self.place = "here"
        self.observed: Observed = seen.observed
        self.listed: Recalled | None = None
        self.described: list[Any] = []
        self.memory = Memory()
        self.now = 0.0
        self.looks = 0
        self.listed_since = 0.0
        monkeypatch.setattr(looking, "observe", self._observe)
        monkeypatch.setattr(looking, "recall", lambda *_: self.listed)
        monkeypatch.setattr(looking, "recalled", lambda *given: Observed(given[2].endpoint, targets=given[2].targets))
        monkeypatch.setattr(looking, "with_analysis", lambda *given: given[3])

    def _observe(self, *_: object, running: bool, listed_since: float, described: Any) -> Observed:
        self.looks += 1
        self.described.append(described)
        self.listed_since = listed_since
        return self.observed

    def asks(self, **annotations: str) -> None:
        """The user sets annotations."""
        found = {f"smendpoints.dev/{name}": value for name, value in annotations.items()}
        metadata = self.seen.resource.metadata.model_copy(update={"annotations": found})
        self.seen = replace(self.seen, resource=self.seen.resource.model_copy(update={"metadata": metadata}))

    def look(self, shown: Glance = SHOWN, schedule: Schedule = RUNS, desired: Any = None) -> Observed:
        wanted = desired or self.seen.desired
        given = looking.look(
            self,  # type: ignore[arg-type]
            self.seen.resource,
            wanted,
            shown,
            schedule,
            self.memory,
            NOW,
            lambda: self.now,
        )
        assert self.memory.seen.looked
        return given.observed


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch, sight: Callable[..., Any]) -> Looks:
    return Looks(monkeypatch, sight(lives=B))


def test_what_goes_on_at_once_goes_on_with_what_was_just_seen(looks: Looks) -> None:
    first = looks.look()
    looks.now = 10.0
    assert looks.look() is first
    assert looks.looks == 1
    looks.now = 10.1
    looks.look()
    assert looks.looks == 2, "that is too long ago"


def test_for_something_else_or_after_a_move_it_is_looked_again(looks: Looks, sight: Callable[..., Any]) -> None:
    looks.look()
    looks.look(replace(SHOWN, summary="moved"))  # type: ignore[arg-type]
    assert looks.looks == 2
    looks.memory.seen.summary = SHOWN.summary
    looks.look(desired=sight(B).desired)
    looks.look(schedule=Schedule(False))
    assert looks.looks == 4
    looks.place = "there"
    looks.look()
    assert looks.looks == 5
    looks.asks(retry="1")
    looks.look()
    assert looks.looks == 6
    looks.memory.look_again()
    looks.look()
    assert looks.looks == 7


@pytest.mark.parametrize(
    ("sees", "believed"),
    [
        ({"lives": B}, True),
        ({"exists": False}, True),
        ({"lives": B, "shows": {"tags": {}}}, False),
        ({"wants": {"adoptExisting": True}, "shows": {"tags": {}}}, False),
        ({"wants": {"desiredState": "Stopped"}}, False),
        ({"owned_resources": OwnedResources(models={"default-iris-primary-0123456789": "arn"})}, False),
    ],
    ids=["a revision", "no endpoint", "somebody else's", "to be adopted", "to be stopped", "garbage"],
)
def test_what_takes_away_or_takes_over_is_looked_at_right_before(
    monkeypatch: pytest.MonkeyPatch, sight: Callable[..., Any], sees: dict[str, Any], believed: bool
) -> None:
    looks = Looks(monkeypatch, sight(**sees))
    schedule = Schedule(sees.get("wants", {}).get("desiredState") != "Stopped")
    looks.look(schedule=schedule)
    looks.look(schedule=schedule)
    assert looks.looks == (1 if believed else 2)


@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize(
    ("sees", "enough"),
    [({}, True), ({"wants": {"tags": {"team": "ml"}}, "lives": {}}, False), ({"exists": False}, False)],
    ids=["as wanted", "something is to be done", "there is none"],
)
def test_the_lists_will_do_where_nothing_is_to_be_done(
    monkeypatch: pytest.MonkeyPatch, sight: Callable[..., Any], sees: dict[str, Any], enough: bool, described: bool
) -> None:
    looks = Looks(monkeypatch, sight(**sees))
    endpoint, targets = looks.observed.endpoint, looks.observed.targets
    looks.listed = Recalled(endpoint, targets, described=described)  # type: ignore[arg-type]
    found = looks.look()
    assert (looks.looks, found is not looks.observed) == ((0, True) if enough else (1, False))
    assert looks.described == ([] if enough else [endpoint if described else None])


def test_autoscaling_that_was_listed_in_the_last_ten_minutes_and_after_it_was_changed_is_believed(looks: Looks) -> None:
    looks.now = 1000.0
    looks.look()
    assert looks.listed_since == 400.0
    looks.memory.look_again()
    looks.memory.seen.scaling_at = 700.0
    looks.look()
    assert looks.listed_since == 700.0
