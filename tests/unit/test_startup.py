"""How the operator sets kopf up; that it works so is proved on a real API server."""

import kopf

from smendpoints.startup import apply_settings


def test_no_copy_of_the_spec_is_kept_on_the_object_so_that_the_largest_can_be_patched() -> None:
    settings = kopf.OperatorSettings()
    apply_settings(settings)
    storage = settings.persistence.diffbase_storage
    body, patch = kopf.Body({"metadata": {}, "spec": {"environment": "x" * 300_000}}), kopf.Patch()
    essence = storage.build(body=body)
    storage.store(body=body, patch=patch, essence=essence)
    assert not patch
    assert essence == storage.fetch(body=body)  # else kopf would call each look at the object an update
