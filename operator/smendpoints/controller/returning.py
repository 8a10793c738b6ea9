"""What is wanted while an annotation brings a revision back: what AWS shows of it, and what policies say of it."""

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.ports import Aws
from smendpoints.controller.tenancy import Tenancy
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.plan.going_back import asked_back, brought_back, is_gone
from smendpoints.domain.tenancy.revision import as_spec


def with_revision(
    account: Aws, resource: SageMakerEndpoint, desired: Desired, tenancy: Tenancy
) -> tuple[Desired, tuple[str, ...]]:
    """What is wanted: the spec, or the revision that is asked for; and what policies do not allow of the latter.

    Raises:
        ReconcileError: there is no such revision any more (`INVALID`), or AWS could not be asked.
    """
    back = asked_back(resource)
    if back is None:
        return desired, ()
    config = account.observe.config(back.config_name)
    if config is None:
        raise is_gone(back, back.config_name)
    models = {name: account.observe.model(name) for name in sorted(config.models())}
    found = {name: model for name, model in models.items() if model is not None}
    for name in models.keys() - found.keys():
        raise is_gone(back, name)
    returned = brought_back(desired, resource.spec.rollout, config, found, back)
    if not tenancy.restricts(resource.metadata.uid):
        return returned, ()
    told = as_spec(resource.spec, returned)
    if told is None:
        return returned, (f"revision {back.revision} cannot be compared with the policies of this namespace",)
    return returned, tuple(str(each) for each in tenancy.refuses(resource, told))
