"""SageMakerEndpoints for people and programs: look at them, ask them, change them, with the user's own rights.

    from smclient import Endpoint

    Endpoint("iris").predict([[5.1, 3.5, 1.4, 0.2]], explain=True).predictions

`kubectl smendpoint` is the same for a shell. Nothing here runs in the operator.
"""

from typing import TYPE_CHECKING, Any

from smclient.errors import AWSError, ClientError, KubernetesError, NotFoundError

if TYPE_CHECKING:
    from smclient.endpoint import Endpoint

__all__ = ["AWSError", "ClientError", "Endpoint", "KubernetesError", "NotFoundError"]


def __getattr__(name: str) -> Any:
    """`Endpoint`, imported when it is asked for: the command line has no use for all that it needs."""
    if name != "Endpoint":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from smclient.endpoint import Endpoint

    return Endpoint
