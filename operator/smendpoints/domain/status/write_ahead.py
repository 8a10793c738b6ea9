"""What is written to the status before the first call that changes AWS: that something may be there from now on.

A reconcile of its own writes it, and the next one goes on only when the API server shows it. So an object whose status
says `createdInAWS: false` has nothing in AWS, whenever the operator was killed, and its deletion need not ask AWS.

Not here: attempts to roll out, which `plan.rollout` writes ahead; what was found and done, which is `status`'.
"""

from datetime import datetime

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import SageMakerEndpointStatus
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.status.status import told


def must_write_ahead(resource: SageMakerEndpoint, todo: Plan) -> bool:
    """Whether the plan changes AWS for an object whose status does not say yet that there may be something."""
    return bool(todo.actions) and resource.status.created_in_aws is not True


def write_ahead(resource: SageMakerEndpoint, todo: Plan, now: datetime) -> SageMakerEndpointStatus:
    """The status that has to be written, and read back, before the plan is carried out.

    It tells what is about to happen, but nothing that would be true only afterwards.
    """
    old = resource.status
    if todo.verdict.ready:
        return old.model_copy(update={"created_in_aws": True})
    return told(old, todo.verdict, resource.metadata.generation, now, created_in_aws=True)
