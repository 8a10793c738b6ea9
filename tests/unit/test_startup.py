"""How the operator sets kopf up; that it works so is proved on a real API server."""

import kopf

from smendpoints.handlers import Handlers
from smendpoints.startup import apply_settings


def test_kopf_copies_no_version_of_an_object_to_find_out_what_changed() -> None:
    settings = kopf.OperatorSettings()
    apply_settings(settings)
    storage = settings.persistence.diffbase_storage
    body, patch = kopf.Body({"metadata": {}, "spec": {"environment": "x" * 300_000}}), kopf.Patch()
    essence = storage.build(body=body)
    storage.store(body=body, patch=patch, essence=essence)
    assert not patch
    assert essence == storage.fetch(body=body) == kopf.BodyEssence()


def test_kopf_has_no_handler_for_which_it_would_write_to_objects() -> None:
    """Handlers of changes, timers and daemons make it add a finalizer, and patch progress into annotations."""
    registry = kopf.OperatorRegistry()
    Handlers(registry)
    assert not list(registry._changing.get_all_handlers())
    assert not list(registry._spawning.get_all_handlers())
    assert not list(registry._indexing.get_all_handlers()), "each object's task would wake those of all others"
    assert len(list(registry._watching.get_all_handlers())) == 1
