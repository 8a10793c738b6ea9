"""What AWS's sentences about a deployment and its failure say. Their wording is not promised: patterns are wide.

Nothing here fails on what it cannot read. Not here: what several of them come to, see `progress`.
"""

import math
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from smendpoints.api.status_rollout import Stage
from smendpoints.domain.observed.observed import Step

_STAGES: tuple[tuple[Stage, str], ...] = (
    ("RollingBack", r"roll(ing|ed)?[ _-]?back|revert"),
    ("Baking", r"bak(e|ing)"),
    ("ActivatingTraffic", r"activat|traffic"),
    ("Terminating", r"terminat|delet"),
    ("Launching", r"launch|creat|scal|updat|provision"),
)
_OF = re.compile(r"(\d+)\s*(?:/|of|out of)\s*(\d+)\s*instance", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|percent)", re.IGNORECASE)
_FULL = re.compile(r"\b(?:full|all)\b", re.IGNORECASE)
_COUNT = re.compile(r"(\d+)\s*instance", re.IGNORECASE)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(sec|min|hour)", re.IGNORECASE)
_UNITS = {"sec": 1, "min": 60, "hour": 3600}
_ALARM = re.compile(r"\balarms?\b", re.IGNORECASE)
_NO_ALARM = re.compile(r"authori[sz]ed|access|permission|not (?:exist|found)|could not", re.IGNORECASE)
_AWS_FAULT = "request to service failed"
_CAPACITY = ("unable to provision requested", "insufficientinstancecapacity", "insufficient capacity")

NO_REASON = "AWS gives no reason"
WENT_BACK = "AWS rolled back and gives no reason"  # a scale-out right after it takes AWS's own away


def may_try_again(failure_reason: str | None) -> bool:
    """Whether AWS says that the fault was its own, or that it lacked capacity: then the same config may work later."""
    text = (failure_reason or "").lower()
    return text.startswith(_AWS_FAULT) or any(word in text for word in _CAPACITY)


def names_missing_config(reason: str, config_name: str) -> bool:
    """Whether AWS misses the config in service, which it needs to the end of an update."""
    return "could not find endpoint configuration" in reason.lower() and config_name in reason


def undone_by_alarm(reason: str) -> bool:
    """Whether AWS went back because an alarm was in ALARM, and not as it could not look at one."""
    return _ALARM.search(reason) is not None and _NO_ALARM.search(reason) is None


def failing(reason: str, variants: Iterable[str]) -> frozenset[str]:
    """The variants that a FailureReason names; all where it names none."""
    every = frozenset(variants)
    named = {each for each in every if re.search(rf"(?i:variants?)\W{{1,3}}{re.escape(each)}(?![\w-])", reason)}
    return frozenset(named) or every


def age(step: Step) -> float:
    """Epoch seconds to order steps by; those without a time are the oldest."""
    return step.since.timestamp() if step.since is not None else -math.inf


def latest(steps: Iterable[Step]) -> Step | None:
    """The one that began last."""
    return max(steps, key=age, default=None)


def stage_of(step: Step | None) -> Stage | None:
    """What AWS is doing, by its status, else by its message."""
    for text in (step.status, step.message or "") if step is not None else ():
        for stage, words in _STAGES:
            if re.search(words, text, re.IGNORECASE):
                return stage
    return None


def share_of(step: Step, count: int | None) -> float | None:
    """The share (0 to 1) that takes traffic, of a variant that is to have `count` instances."""
    text = step.message or ""
    share: float | None = None
    if (match := _OF.search(text)) and int(match[2]):
        share = int(match[1]) / int(match[2])
    elif match := _PERCENT.search(text):
        share = float(match[1]) / 100
    elif _FULL.search(text):
        share = 1.0
    elif count and (match := _COUNT.search(text)):
        share = int(match[1]) / count
    return min(1.0, share) if share is not None else None


def is_canary(step: Step) -> bool:
    """Whether it speaks of the canary."""
    return "canary" in (step.message or "").lower()


def end_of(step: Step, default_seconds: float | None) -> datetime | None:
    """When the time is over that the sentence speaks of; after `default_seconds` if it names none."""
    match = _DURATION.search(step.message or "")
    seconds = float(match[1]) * _UNITS[match[2].lower()] if match else default_seconds
    if step.since is None or seconds is None:
        return None
    return (step.since + timedelta(seconds=seconds)).replace(microsecond=0)
