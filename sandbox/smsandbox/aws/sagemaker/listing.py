"""Filters, order and pages of List operations, with SageMaker's defaults: newest first, ten to a page.

A token holds the place in the order, not a number of items: what is made or deleted between two pages neither repeats
nor hides anything else.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from smsandbox.aws.core.errors import validation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smsandbox.aws.sagemaker.state import Request

PAGE = 10
SORT_MEMBERS = {"Name": "name", "CreationTime": "created", "Status": "status"}


def select(items: Iterable[Any], params: Request) -> tuple[list[Any], str | None]:
    """The items of one page, and the token of the next (None at the end).

    Items have `name`, `created`, and where their operation filters by it, `modified` and `status`.
    """
    member = SORT_MEMBERS[params.get("SortBy", "CreationTime")]
    descending = params.get("SortOrder", "Descending") == "Descending"

    def place(item: Any) -> tuple[Any, str]:
        return getattr(item, member), item.name

    found = sorted((item for item in items if _matches(item, params)), key=place, reverse=descending)
    if (token := params.get("NextToken")) is not None:
        last = _decode(token)
        found = [item for item in found if (place(item) < last if descending else place(item) > last)]
    size = params.get("MaxResults", PAGE)
    following = _encode(place(found[size - 1])) if len(found) > size else None
    return found[:size], following


def _matches(item: Any, params: Request) -> bool:
    contains = params.get("NameContains")
    return (
        (contains is None or contains.lower() in item.name.lower())
        and ("StatusEquals" not in params or item.status == params["StatusEquals"])
        and ("CreationTimeAfter" not in params or item.created >= params["CreationTimeAfter"].timestamp())
        and ("CreationTimeBefore" not in params or item.created <= params["CreationTimeBefore"].timestamp())
        and ("LastModifiedTimeAfter" not in params or item.modified >= params["LastModifiedTimeAfter"].timestamp())
        and ("LastModifiedTimeBefore" not in params or item.modified <= params["LastModifiedTimeBefore"].timestamp())
    )


def _encode(place: tuple[Any, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _decode(token: str) -> tuple[Any, str]:
    try:
        value, name = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError) as error:
        raise validation("Invalid NextToken.") from error
    return value, name
