"""What can go wrong with a reconcile, in the terms the plan and the status think in.

`ReconcileError` is the only error that the aws layer lets out, and the one raised for a spec; its `Kind` decides what
happens next:

    RETRY     throttling, 5xx, network          again, with back-off
    BUSY      in-progress endpoint, concurrent  again after the next look
    SETTLING  may be eventual consistency       again for a bounded window, then BLOCKED
    BLOCKED   quota, permission, missing role   `Stalled`; looked at again now and then, as the cure is in AWS
    INVALID   the request can't succeed         `Stalled` until the spec changes
    EXISTS    already existing                  look, compare, go on
    GONE      not found                         success when deleting
"""

from dataclasses import dataclass
from enum import StrEnum

from smendpoints.domain.reasons import Reason


class Kind(StrEnum):
    """What a failure calls for."""

    RETRY = "retry"
    BUSY = "busy"
    SETTLING = "settling"
    BLOCKED = "blocked"
    INVALID = "invalid"
    EXISTS = "exists"
    GONE = "gone"


def in_aws(operation: str) -> str:
    """An operation of boto3 as AWS calls it: `create_endpoint` is `CreateEndpoint`."""
    return operation if " " in operation else "".join(word[:1].upper() + word[1:] for word in operation.split("_"))


@dataclass(eq=False)
class ReconcileError(Exception):
    """A call that AWS did not carry out, or a spec that asks for what cannot be, classified."""

    kind: Kind
    reason: Reason
    message: str
    operation: str = ""
    code: str = ""

    def refuses_update(self) -> bool:
        """Whether AWS will not bring the new revision into service as it was asked to."""
        return self.kind is Kind.INVALID and self.operation == "update_endpoint"

    def __str__(self) -> str:
        return f"{in_aws(self.operation)}: {self.message}" if self.operation else self.message
