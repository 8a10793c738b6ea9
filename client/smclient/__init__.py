"""SageMakerEndpoints for people and programs: look at them, ask them, change them, with the user's own rights.

`kubectl smendpoint` is the way in for a shell. Nothing here runs in the operator.
"""

from smclient.errors import AWSError, ClientError, KubernetesError, NotFoundError

__all__ = ["AWSError", "ClientError", "KubernetesError", "NotFoundError"]
