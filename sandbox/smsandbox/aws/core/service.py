"""The base of the simulator's own services: a class per AWS service, a method per operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from botocore import xform_name

from smsandbox.aws.core.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsandbox.aws.core.context import Context

    Operation = Callable[[Context, dict[str, Any]], dict[str, Any]]


class Service:
    """An AWS service. `def create_model(self, ctx, params) -> dict` implements the operation CreateModel.

    Params arrive validated, with the types boto3 uses (datetime, bytes); the result is shaped by the output shape.
    A streaming answer is an iterator under the payload's member: of bytes, or of events ({"PayloadPart": {...}}).
    """

    #: botocore's name of the service.
    service_name: ClassVar[str]
    #: Whether operations run under the World's lock. Off where an operation waits for something outside.
    exclusive: ClassVar[bool] = True
    #: Whether operations that are not implemented here are moto's.
    falls_back_to_moto: ClassVar[bool] = False

    def operation(self, name: str) -> Operation | None:
        """The method of an operation; None where moto is to answer; AwsError (501) where nobody can."""
        method: Operation | None = getattr(self, xform_name(name), None)
        if method is None and not self.falls_back_to_moto:
            raise AwsError("NotImplemented", f"The sandbox does not simulate {self.service_name}:{name}.", 501)
        return method
