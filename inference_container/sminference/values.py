"""What the text of an environment variable means: each function raises ValueError or KeyError for what it can't be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sminference.errors import RequestError
from sminference.formats import accepted_format

if TYPE_CHECKING:
    from collections.abc import Callable

    from sminference.signature import VerifyKeys


def boolean(text: str) -> bool:
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}[text.lower()]


def bounded(convert: Callable[[str], Any], low: float, high: float) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = convert(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return parse


def verify_keys(text: str) -> VerifyKeys:
    from sminference.signature import VerifyKeys  # noqa: PLC0415 - only who verifies pays for it

    return VerifyKeys.parse(text)


def accept(text: str) -> str:
    try:
        accepted_format(text)
    except RequestError as error:
        raise ValueError from error
    return text


def names(text: str) -> tuple[str, ...]:
    found = json.loads(text) if text.startswith("[") else [part.strip() for part in text.split(",")]
    if not all(isinstance(name, str) and name for name in found) or len(set(found)) < len(found):
        raise ValueError
    return tuple(found)


def whole(low: int, high: int) -> Callable[[str], Any]:
    return bounded(int, low, high)
