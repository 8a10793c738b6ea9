"""A reconcile that ends before it changes anything: the object is not what it was when it began, or cannot be read.

A reconcile observes AWS for seconds; meanwhile the object may have been edited or deleted, or made again under its
name, and its event may be late. What would be made or deleted for it might be wanted no more.
"""

from collections.abc import Callable

from smendpoints.api.resource import SageMakerEndpoint

# Why nothing may be changed for an object now, as the API server has it; None when it is as it was.
WhyNot = Callable[[SageMakerEndpoint], str | None]


class VoidError(Exception):
    """Nothing was changed in this reconcile; tells why."""
