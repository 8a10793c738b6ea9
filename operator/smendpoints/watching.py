"""Lists what is in AWS now and then, for idle objects; those in transition look themselves.

Places are looked at side by side: one that AWS does not answer for holds up no other. Places that have no objects any
more are let go.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import Executor

from smendpoints.aws.account import Account, Accounts
from smendpoints.aws.clients import Place
from smendpoints.config import Config
from smendpoints.domain.errors import ReconcileError

logger = logging.getLogger(__name__)
PLACES_AT_ONCE = 8


async def watch_aws(
    accounts: Accounts,
    config: Config,
    executor: Executor,
    places: Callable[[], Collection[Place]],
    idle: Callable[[], Collection[Place]],
) -> None:
    """Look at the places that have `idle` objects, each period, without end; keep those of `places`."""
    loop = asyncio.get_running_loop()
    under_way: set[Place] = set()
    while True:
        await asyncio.sleep(min(config.watch_seconds, config.audit_seconds))
        accounts.keep(places())
        for account in accounts.of(idle()):
            if account.place in under_way:
                continue
            under_way.add(account.place)
            looking = loop.run_in_executor(executor, look, account, config)
            looking.add_done_callback(lambda _, place=account.place: under_way.discard(place))  # type: ignore[misc]


def look(account: Account, config: Config) -> None:
    """One look at one place, as deep as is due."""
    try:
        account.watch.look("", max_age=config.watch_seconds * 0.9)
        account.watch.audit(config.audit_seconds * 0.9)
        if config.prices == "api":
            account.prices.refresh()
    except ReconcileError as failure:
        logger.warning("cannot watch %s: %s", account.place.region, failure)
    except Exception:
        logger.exception("cannot watch %s: a fault of the operator", account.place.region)
