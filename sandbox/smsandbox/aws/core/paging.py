"""Pages of a list, with tokens that say where the next one begins."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, TypeVar

from smsandbox.aws.core.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


def page(items: Sequence[T], size: int, token: str | None, error_code: str) -> tuple[Sequence[T], str | None]:
    """The page that `token` asks for and the token of the one after it (None at the end)."""
    start = 0
    if token is not None:
        try:
            start = int(base64.urlsafe_b64decode(token.encode()).decode())
        except (binascii.Error, ValueError) as error:
            raise AwsError(error_code, "The specified nextToken is invalid.") from error
    end = start + size
    following = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None
    return items[start:end], following
