"""A deletion's wait, kept in an annotation, counts for the process that chose it and for what was asked for then."""

from typing import Any

import kopf
import pytest

from smendpoints.delays import OwnDelays

KEY = "Handlers.on_delete"
RECORD = {"started": "2026-11-25T12:00:00.000000+00:00", "delayed": "2026-11-25T12:05:00.000000+00:00", "retries": 3}


def body(annotations: dict[str, Any] | None = None, **meta: Any) -> kopf.Body:
    found: Any = {"metadata": {"uid": "u", "generation": 1, "annotations": annotations or {}, **meta}}
    return kopf.Body(found)


def stored(storage: OwnDelays, **meta: Any) -> dict[str, Any]:
    """The annotations of the object once the record is kept."""
    patch = kopf.Patch()
    storage.store(key=KEY, record=RECORD, body=body(**meta), patch=patch)
    return dict(patch["metadata"]["annotations"])


def test_the_process_that_chose_the_wait_keeps_to_it() -> None:
    storage = OwnDelays()
    assert storage.fetch(key=KEY, body=body(stored(storage)))["delayed"] == RECORD["delayed"]


def test_another_process_begins_at_once_and_counts_on() -> None:
    found = OwnDelays().fetch(key=KEY, body=body(stored(OwnDelays())))
    assert found == {**RECORD, "delayed": None}


@pytest.mark.parametrize("asked", ["by an edit", "by the annotation"])
def test_what_is_asked_for_anew_begins_at_once(asked: str) -> None:
    storage = OwnDelays()
    annotations = stored(storage)
    if asked == "by the annotation":
        found = storage.fetch(key=KEY, body=body({**annotations, "smendpoints.dev/retry": "1"}))
    else:
        found = storage.fetch(key=KEY, body=body(annotations, generation=2))
    assert found["delayed"] is None


def test_what_is_read_back_late_is_still_ones_own() -> None:
    storage = OwnDelays()
    late = stored(storage)
    storage.store(key=KEY, record={**RECORD, "delayed": "later"}, body=body(), patch=kopf.Patch())
    assert storage.fetch(key=KEY, body=body(late))["delayed"] == RECORD["delayed"]


def test_no_progress_is_none_and_a_purge_forgets() -> None:
    storage = OwnDelays()
    annotations = stored(storage)
    assert storage.fetch(key=KEY, body=body()) is None
    storage.purge(key=KEY, body=body(annotations), patch=kopf.Patch())
    assert storage.fetch(key=KEY, body=body(annotations))["delayed"] is None
