"""What a fleet was launched from, as far as it is known."""

from datetime import UTC, datetime, timedelta

from smendpoints.domain.preflight.launch import Stored
from smendpoints.domain.preflight.overwritten import launched

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
