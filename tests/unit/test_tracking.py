"""What is kept of each object: how it is read."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from smendpoints.domain.observed.adoption import is_retained
from smendpoints.tracking import Tracked
from smendpoints.turns import Allowance
from smsandbox.testing.specs import spec

META = {"name": "iris", "namespace": "ns", "uid": "u", "generation": 1, "resourceVersion": "5"}
RESOLVED = {"endpointName": "prod", "region": "us-east-1"}
NEWER = {"configName": "c", "phase": "InProgress", "stage": "AsOfANewerRelease", "startedAt": "2026-11-25T10:00:00Z"}


def body(status: Any) -> dict[str, Any]:
    return {"metadata": META, "spec": spec(), "status": status}


def test_what_can_be_read_of_a_status_counts_when_the_object_is_deleted() -> None:
    """An operator older than the status must not delete what was adopted, or look for it at another place."""
    status = {"createdInAWS": True, "adopted": True, "resolved": RESOLVED, "rollout": NEWER}
    tracked = Tracked(Allowance(1.0))
    with pytest.raises(ValidationError):
        asyncio.run(tracked.read(body(status)))
    found = asyncio.run(tracked.read_to_delete(body(status)))
    assert is_retained(found)
    assert (found.status.created_in_aws, found.status.rollout) == (True, None)
    assert found.status.resolved is not None
    assert found.status.resolved.endpoint_name == "prod"
    assert tracked.resource == found


def test_a_status_that_is_none_does_not_stand_in_the_way_of_a_deletion() -> None:
    found = asyncio.run(Tracked(Allowance(1.0)).read_to_delete(body("what is this")))
    assert found.status.created_in_aws is None
