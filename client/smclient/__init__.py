"""SageMakerEndpoints for people and programs: look at them, ask them, change them, with the user's own rights.

    from smclient import Endpoint, Experiment

    Endpoint("iris").predict([[5.1, 3.5, 1.4, 0.2]], explain=True).predictions
    Experiment("iris-boosting").wait().verdict

`kubectl smendpoint` is the same for a shell. Nothing here runs in the operator.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from smclient.errors import AWSError, ClientError, KubernetesError, NotFoundError

if TYPE_CHECKING:
    from smclient.acting import KeptError
    from smclient.endpoint import Endpoint
    from smclient.experiment import Experiment

__all__ = ["AWSError", "ClientError", "Endpoint", "Experiment", "KeptError", "KubernetesError", "NotFoundError"]
_LATE = {"Endpoint": "endpoint", "Experiment": "experiment", "KeptError": "acting"}


def __getattr__(name: str) -> Any:
    """What is imported when it is asked for: the command line has no use for all that it needs."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"smclient.{_LATE[name]}"), name)
