"""What `doctor` finds: one fact each, with what to do where it is not well. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from smclient.errors import AWSError

Outcome = Literal["ok", "bad", "unknown"]
_GONE = {
    "404",
    "NoSuchKey",
    "NoSuchBucket",
    "NotFound",
    "NotFoundException",
    "ImageNotFoundException",
    "RepositoryNotFoundException",
}


@dataclass(frozen=True)
class Check:
    """A fact. `unknown`: nobody would say, which need not be bad; `hint` is what to do, or whom to ask."""

    about: str
    outcome: Outcome
    message: str
    hint: str = ""


def worst(checks: Iterable[Check]) -> Outcome:
    """`bad` if anything is, else `ok`: what is not known is no fault."""
    return "bad" if any(each.outcome == "bad" for each in checks) else "ok"


def said(about: str, what: str, check: Callable[[], Check]) -> Check:
    """The check's finding; unknown where the user may not look."""
    try:
        return check()
    except AWSError as error:
        if error.code in _GONE:
            return Check(about, "bad", f"{what} is not there", "make or push it, or name another in the spec")
        hint = error.hint or "ask somebody who may look"
        return Check(about, "unknown", error.message if what in error.message else f"{what}: {error.message}", hint)
