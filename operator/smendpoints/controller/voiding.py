"""A reconcile that ends before it changes anything: the object is not what it was at its begin, or cannot be read.

A reconcile looks at AWS for seconds; meanwhile the object may have been edited or deleted, or made again under its
name, and its event may be late. What would be made or deleted for it might be wanted no more.
"""

import logging
from collections.abc import Callable

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.memory import Memory
from smendpoints.controller.outcome import Outcome

logger = logging.getLogger(__name__)
_SECONDS = 2.0

# Why an object must not be acted for now, as the API server has it; None when it is as it was.
WhyNot = Callable[[SageMakerEndpoint], str | None]


class VoidError(Exception):
    """Nothing was changed in this reconcile; tells why."""


def void(resource: SageMakerEndpoint, why: VoidError, memory: Memory, now: float) -> Outcome:
    """The reconcile ends, and comes again with what the object is then. The status is left: it may be another's."""
    logger.info("%s/%s: %s", resource.metadata.namespace, resource.metadata.name, why)
    memory.waiting_in = None  # the next one looks closely, though AWS be at what it was at
    memory.due_at = now + _SECONDS
    return Outcome(None, requeue_after=_SECONDS, message=str(why))
