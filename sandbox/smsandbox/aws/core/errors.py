"""What an AWS service answers when it refuses, and what is not an answer at all."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An error answer of an AWS service: code, message, HTTP status, and the members its error shape adds."""

    def __init__(self, code: str, message: str, status: int = 400, members: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}


class ResponseLostError(Exception):
    """The operation was done, but its answer never reaches the caller: the connection closes instead."""


def validation(message: str) -> AwsError:
    """A ValidationException, the way SageMaker says most of its refusals."""
    return AwsError("ValidationException", message)
