"""Makes the calls of the watch when they are due: one loop for each process, over all places.

How often a place is asked depends on what is awaited there, not on how many objects it has. Places are asked side by
side: one that AWS does not answer for holds up no other. Places that have no objects any more are let go.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor
from functools import partial

from smendpoints.aws.account import Account, Accounts
from smendpoints.aws.calls.clients import Place
from smendpoints.aws.listed.watch import BLIND_SECONDS, Awaited, Lane
from smendpoints.domain.errors import ReconcileError
from smendpoints.work.wakeup import Wakeup

logger = logging.getLogger(__name__)
PLACES_AT_ONCE = 8
_LONGEST_SLEEP = 1.0  # what is awaited may change at any time

Moved = Callable[[Place, Collection[str] | None], None]


class Watcher:
    """The places, what is due there, and whom to tell. Thread-safe, but for one call at a time in each lane."""

    def __init__(
        self,
        accounts: Accounts,
        places: Callable[[], Collection[Place]],
        awaited: Callable[[Place], Awaited],
        moved: Moved,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`moved` is called in the thread that made the call, with names in lower case; None: with all of the place.

        `places` is asked once a second at the most, `awaited` before each call.
        """
        self._accounts = accounts
        self._ask = places
        self._awaited = awaited
        self._moved = moved
        self.clock = clock
        self._places: tuple[Place, ...] = ()
        self._asked_at = float("-inf")
        self._blind: set[Place] = set()
        self.wake: Callable[[], None] = lambda: None

    @property
    def places(self) -> tuple[Place, ...]:
        """The places that had objects a second ago. From any thread."""
        return self._places

    def lanes(self) -> Iterator[tuple[Account, Lane, float]]:
        """Each lane of each place that has objects, and when its next call is due."""
        if self.clock() - self._asked_at >= _LONGEST_SLEEP:
            self._asked_at = self.clock()
            self._places = tuple(sorted(self._ask(), key=str))
            self._accounts.keep(self._places)
        for place in self._places:
            account, awaited = self._accounts(place), self._awaited(place)
            for lane in Lane:
                yield account, lane, account.watch.due(lane, awaited)

    def call(self, account: Account, lane: Lane) -> None:
        """Make the next call of a lane, and tell who moved. Never raises."""
        place = account.place
        try:
            moved = account.watch.step(lane, self._awaited(place))
            if lane is Lane.ENDPOINTS and place in self._blind:
                self._blind.discard(place)
                self._moved(place, None)
            elif moved:
                self._moved(place, moved)
        except ReconcileError as failure:
            logger.warning("cannot watch %s: %s", place.region, failure)
            if place not in self._blind and account.watch.blind_seconds() > BLIND_SECONDS:
                self._blind.add(place)
                self._moved(place, None)  # what was true need be so no longer, and that has to be said
        except Exception:
            logger.exception("cannot watch %s: internal error", place.region)

    def hinted(self, place: Place) -> None:
        """Something is said to have moved there: it is listed now, for all who are said to. From any thread."""
        self._accounts(place).watch.hinted()
        self.wake()

    def catch_up(self) -> None:
        """Make all calls that are due by now, in this thread."""
        for account, lane, when in self.lanes():
            due = when
            while due <= self.clock():
                self.call(account, lane)
                due = account.watch.due(lane, self._awaited(account.place))


async def watch_aws(watcher: Watcher, executor: Executor) -> None:
    """Make each call when it is due, without end."""
    loop = asyncio.get_running_loop()
    under_way: set[tuple[Place, Lane]] = set()
    wakeup = Wakeup()
    watcher.wake = wakeup.from_any_thread

    def done(key: tuple[Place, Lane], _: object) -> None:
        under_way.discard(key)
        wakeup.set()

    while True:
        wakeup.clear()
        wait = _LONGEST_SLEEP
        try:
            for account, lane, when in watcher.lanes():
                key = account.place, lane
                if key in under_way:
                    continue
                if when > watcher.clock():
                    wait = min(wait, when - watcher.clock())
                    continue
                under_way.add(key)
                loop.run_in_executor(executor, watcher.call, account, lane).add_done_callback(partial(done, key))
        except Exception:
            logger.exception("cannot watch AWS: internal error")
        await wakeup.sleep(wait)
