"""Passes on what EventBridge hints at, for as long as the process works. It asks AWS nothing, and decides nothing.

Whatever goes wrong here costs time and no more: the listings see each change as well, later.
"""

import logging
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Collection

from smendpoints.aws.calls.clients import Place
from smendpoints.aws.events import Hint
from smendpoints.domain.errors import ReconcileError

logger = logging.getLogger(__name__)
_LONGEST_WAIT = 60.0
_BREATH = 0.05  # between two looks into the queue: a flood of messages takes no more than a small part of a core

Receive = Callable[[], list[Hint]]
Moved = Callable[[Place, Collection[str]], None]


def start_listening(
    receive: Receive, places: Callable[[], Collection[Place]], moved: Moved, ending: threading.Event
) -> threading.Thread:
    """Listen in a thread of its own, which keeps no process from ending: a look into the queue may take 20 s."""
    thread = threading.Thread(target=listen, args=(receive, places, moved, ending), daemon=True, name="events")
    thread.start()
    return thread


def listen(
    receive: Receive,
    places: Callable[[], Collection[Place]],
    moved: Moved,
    ending: threading.Event,
    uniform: Callable[[float, float], float] = random.uniform,
) -> None:
    """Until `ending`: what `receive` waits for goes to `moved`, by place, with the endpoints' names in lower case.

    `places` are those that have objects: what happens elsewhere is nobody's business. Failures are told once each, and
    tried again after longer and longer waits.
    """
    told: str | None = None
    failures = 0
    while not ending.is_set():
        try:
            pass_on(receive(), places(), moved)
        except Exception as error:  # noqa: BLE001 - whatever it is, endpoints are looked after without hints
            failures += 1
            told = _tell(error, told)
            ending.wait(uniform(0.5, 1.0) * min(_LONGEST_WAIT, 2.0 ** min(failures, 10)))
        else:
            if told is not None:
                logger.info("events of AWS are heard again")
            told, failures = None, 0
            ending.wait(_BREATH)


def pass_on(hints: Collection[Hint], places: Collection[Place], moved: Moved) -> None:
    """Each hint once, to each place that it may be of.

    A place where no role is assumed does not tell its account: there, a hint of any account counts. One too many costs
    a look.
    """
    names: defaultdict[Place, set[str]] = defaultdict(set)
    for hint in hints:
        for place in places:
            if place.region == hint.region and place.account in {"", hint.account}:
                names[place].add(hint.endpoint_name.lower())
    for place, found in names.items():
        moved(place, found)


def _tell(error: Exception, told: str | None) -> str:
    """Log a failure unless it is the one that was told last; what is told now."""
    kind = f"{error.operation} {error.code}" if isinstance(error, ReconcileError) else type(error).__name__
    if kind != told and isinstance(error, ReconcileError):
        logger.warning("events from AWS cannot be read, changes are only found by listings: %s", error)
    elif kind != told:
        logger.error("events from AWS cannot be read: internal error", exc_info=error)
    return kind
