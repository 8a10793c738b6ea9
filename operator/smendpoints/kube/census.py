"""Which objects there are, listed by uid beside kopf: when all have been seen, and later whether all are still there.

kopf tells of each object that it lists, and not when it has told of all. Its indices would; but then each object's task
wakes those of all others, which takes minutes with thousands of objects. Not here: what is seen, which is `backlog`'s.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlencode

from smendpoints.api.group import GROUP, PLURAL, VERSION
from smendpoints.kube.client import KubeClient, KubeError, pages

logger = logging.getLogger(__name__)
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_LOOK_SECONDS = 0.05
_FIRST_SECONDS, _LONGEST_SECONDS = 1.0, 16.0
_DOUBT_SECONDS = 1.0


class Sees(Protocol):
    """What is asked of the dispatcher."""

    def has_seen(self, uids: Collection[str]) -> bool:
        """Whether each of these objects was seen, and is there."""

    def listed(self) -> None:
        """All objects there are were seen once."""


class Keeps(Protocol):
    """What is asked of the dispatcher later."""

    def doubts(self) -> bool:
        """Whether to ask which objects are still there."""

    def uids(self) -> frozenset[str]:
        """The objects of which nobody has told that they are gone."""

    def counted(self, there: Collection[str], known: Collection[str]) -> None:
        """Of those that were `known` before it was asked, these are `there`."""


class Counts(Sees, Keeps, Protocol):
    """The dispatcher."""


def uids(client: KubeClient, namespaces: Iterable[str]) -> frozenset[str]:
    """The uids of all objects of these namespaces, of all where none is named.

    Raises:
        KubeError: the API server refused, or did not answer.
    """
    within = [f"/namespaces/{each}" for each in namespaces] or [""]
    found: set[str] = set()
    for where in within:
        path = f"/apis/{GROUP}/{VERSION}{where}/{PLURAL}"
        for page in pages(partial(_page, client, path)):
            found.update(each["metadata"]["uid"] for each in page.get("items") or ())  # of none it is null
    return frozenset(found)


def _page(client: KubeClient, path: str, query: Mapping[str, str | int]) -> dict[str, Any]:
    return client.request("GET", f"{path}?{urlencode(query)}", accept=_METADATA)


async def take_census(there: Callable[[], Collection[str]], to: Sees) -> None:
    """Tell `to` once it has seen all objects that `there` names; it is asked in a thread, and again as time goes by.

    One that went away before kopf listed it is never seen: hence again.
    """
    seconds = _FIRST_SECONDS
    loop = asyncio.get_running_loop()
    while True:
        listed = await _listed(there, "nothing is reconciled before", logging.WARNING)
        if listed is None:
            await asyncio.sleep(seconds)
        else:
            until = loop.time() + seconds
            while loop.time() < until:
                if to.has_seen(listed):
                    to.listed()
                    return
                await asyncio.sleep(_LOOK_SECONDS)
        seconds = min(2 * seconds, _LONGEST_SECONDS)


async def keep_census(there: Callable[[], Collection[str]], to: Keeps) -> None:
    """Tell `to` without end which objects `there` names, whenever it doubts; it is asked in a thread.

    An object that was known before it was asked, and is not named, is gone: no uid comes back.
    """
    seconds = _DOUBT_SECONDS
    while True:
        await asyncio.sleep(seconds)
        seconds = _DOUBT_SECONDS
        if not to.doubts():
            continue
        known = to.uids()
        listed = await _listed(there, "which may be gone", logging.INFO)
        if listed is None:
            seconds = _LONGEST_SECONDS
        else:
            to.counted(listed, known)


async def _listed(there: Callable[[], Collection[str]], so: str, level: int) -> Collection[str] | None:
    """What `there` names, asked in a thread; None where that failed, which is logged with what comes of it."""
    try:
        return await asyncio.get_running_loop().run_in_executor(None, there)
    except KubeError as error:
        logger.log(level, "cannot list the objects, %s: %s", so, error)
    except Exception:
        logger.exception("cannot list the objects, %s: internal error", so)
    return None


async def run_census(there: Callable[[], Collection[str]], to: Counts) -> None:
    """Both, one after the other, without end."""
    await take_census(there, to)
    await keep_census(there, to)
