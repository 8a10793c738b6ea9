"""What a fleet was launched from, as far as it is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.domain.observed.observed import ObservedVariant
from smendpoints.domain.preflight.launch import Stored
from smendpoints.domain.preflight.overwritten import launched, overwritten

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_of_what_was_written_since_the_launch_nothing_is_known() -> None:
    at = {"s3://b/before": -60, "s3://b/then": 0, "s3://b/since": 1}
    found = {uri: Stored(uri[-4:], NOW + timedelta(seconds=later)) for uri, later in at.items()}
    told = launched("iris-1", NOW, found)
    assert (told.config_name, told.at) == ("iris-1", NOW)
    assert [(each.uri, each.etag) for each in told.artifacts] == [
        ("s3://b/before", "fore"),
        ("s3://b/since", None),
        ("s3://b/then", "then"),
    ]


def test_no_more_artifacts_are_kept_than_the_status_holds() -> None:
    found = {f"s3://b/{number:02}": Stored("e", NOW) for number in range(40)}
    assert [each.uri for each in launched("iris-1", NOW, found).artifacts] == sorted(found)[:32]


LIVE, LATER = "sha256:aaaaaaaaaaaabbbb", "sha256:ccccccccccccdddd"
WHAT_NOW = (
    ": a new instance would serve another one beside the old; to roll it out, set the annotation "
    "smendpoints.dev/redeployedAt to a new value"
)


@pytest.mark.parametrize(
    ("image", "digest", "digests", "told"),
    [
        ("r:1", LIVE, {"r:1": LATER}, "the image r:1 is sha256:cccccccccccc now, and sha256:aaaaaaaaaaaa serves"),
        ("r:1", LIVE, {"r:1": LIVE}, None),
        ("r:1", LIVE, {}, None),
        ("r:1", LIVE, {"other:1": LATER}, None),
        ("r:1", None, {"r:1": LATER}, None),
        (None, LIVE, {"": LATER}, None),
        (f"r@{LIVE}", LIVE, {f"r@{LIVE}": LATER}, None),
    ],
)
@pytest.mark.parametrize("kind", ["variants", "shadows"])
def test_an_image_is_told_whose_tag_is_another_one_now(
    endpoint: Any,
    desired: Any,
    kind: str,
    image: str | None,
    digest: str | None,
    digests: dict[str, str],
    told: str | None,
) -> None:
    shown = {"variants": (), kind: (ObservedVariant("primary", image=image, digest=digest),)}
    found = overwritten(replace(endpoint(desired()), **shown), digests, launched("iris-1", NOW, {}), {})
    assert found == (told + WHAT_NOW if told is not None else None)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (Stored("new", NOW + timedelta(hours=1)), True),
        (Stored("new", NOW), False),  # it was there at the launch, and only seen late
        (Stored("old", NOW + timedelta(hours=1)), False),
        (None, False),
    ],
)
def test_an_artifact_is_told_that_was_written_again_since(
    endpoint: Any, desired: Any, now: Stored | None, told: bool
) -> None:
    fleet = launched("iris-1", NOW, {"s3://b/a": Stored("old", NOW - timedelta(hours=1))})
    found = overwritten(endpoint(desired()), {}, fleet, {"s3://b/a": now} if now is not None else {})
    said = "the artifact s3://b/a was overwritten at 2026-11-26T13:00:00Z, and the one before serves"
    assert found == (said + WHAT_NOW if told else None)


def test_all_that_was_written_again_is_told_each_once(endpoint: Any, desired: Any) -> None:
    same = tuple(ObservedVariant(name, image="r:1", digest=LIVE) for name in ("a", "b"))
    fleet = launched("iris-1", NOW, {"s3://b/a": Stored("old", NOW)})
    since = {"s3://b/a": Stored("new", NOW + timedelta(hours=1))}
    found = overwritten(replace(endpoint(desired()), variants=same), {"r:1": LATER}, fleet, since)
    assert found is not None
    assert [each[:14] for each in found.partition(": a new")[0].split("; ")] == ["the artifact s", "the image r:1 "]
