"""What `doctor` finds: one fact each, with what to do where it is not well. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "bad", "unknown"]


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
