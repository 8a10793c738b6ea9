"""One endpoint, watched: what a terminal shows as it moves, and what a pipe gets of it."""

import queue
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from smclient.cli.output import clock, console
from smclient.cli.tree import status_tree
from smclient.errors import ClientError, KubernetesError, NotFoundError
from smclient.kube.cluster import Cluster, Object
from smclient.views.status import StatusView, status_view
from smclient.views.text import line

_TICK = 1.0
_AGAIN = 2.0


def versions(cluster: Cluster, namespace: str, name: str, tick: float = _TICK) -> Iterator[Object | None]:
    """The object, each version of it, and None after `tick` seconds without one. Ends when the object is gone.

    Raises:
        ClientError: it is not there at first, or the API server refuses.
    """
    found = cluster.endpoint(namespace, name)
    yield found
    news: queue.Queue[Object | ClientError | None] = queue.Queue()
    uid = found["metadata"]["uid"]
    version = found["metadata"]["resourceVersion"]
    threading.Thread(target=_follow, args=(cluster, namespace, name, uid, version, news), daemon=True).start()
    while True:
        try:
            heard = news.get(timeout=tick)
        except queue.Empty:
            yield None
            continue
        if heard is None:
            return
        if isinstance(heard, ClientError):
            raise heard
        yield heard


def _follow(
    cluster: Cluster,
    namespace: str,
    name: str,
    uid: str,
    version: str,
    news: "queue.Queue[Object | ClientError | None]",
) -> None:
    """Put each version into the queue; None at the end; an error that will not go away by itself."""
    own = Cluster(cluster.access)  # a connection of one's own: this is another thread
    try:
        _follow_on(own, namespace, name, uid, version, news)
    finally:
        own.close()


def _follow_on(
    own: Cluster,
    namespace: str,
    name: str,
    uid: str,
    version: str,
    news: "queue.Queue[Object | ClientError | None]",
) -> None:
    while True:
        began = time.monotonic()
        try:
            for kind, found in own.watch(namespace, name, version):
                if kind == "DELETED":
                    news.put(None)
                    return
                version = found["metadata"]["resourceVersion"]
                news.put(found)
            if time.monotonic() - began < _AGAIN:
                time.sleep(_AGAIN)  # a proxy that lets nothing stay open is not asked all the time
            found = own.endpoint(namespace, name)
            if found["metadata"]["uid"] != uid:
                news.put(None)
                return
            version = found["metadata"]["resourceVersion"]
            news.put(found)
        except NotFoundError:
            news.put(None)
            return
        except KubernetesError as error:
            if error.code in {401, 403}:
                news.put(error)
                return
            time.sleep(_AGAIN)  # away for a while: what was shown stays


def watch_status(cluster: Cluster, namespace: str, name: str, *, wide: bool) -> None:
    """Show the endpoint until it is gone, or until Ctrl-C: live on a terminal, else a line for each news."""
    if sys.stdout.isatty():
        _live(cluster, namespace, name, wide=wide)
        return
    before = ""
    for found in versions(cluster, namespace, name):
        if found is not None:
            told = news_of(status_view(found, (), datetime.now(UTC)))
            if told != before:
                click.echo(told)
                sys.stdout.flush()
            before = told
    click.echo(f"{namespace}/{name} is gone")


def news_of(view: StatusView) -> str:
    """The one line that tells where the endpoint stands."""
    rollout = view.rollout
    parts = [view.phase, view.aws_status, view.instances, view.traffic, line(view.message)]
    if rollout is not None and rollout.phase == "InProgress" and rollout.traffic_percent is not None:
        until = f" until {clock(rollout.baking_until)}" if rollout.baking_until is not None else ""
        parts.append(f"rollout {rollout.traffic_percent}%: {line(rollout.doing)}{until}")
    return "  ".join(part for part in parts if part)


def _live(cluster: Cluster, namespace: str, name: str, *, wide: bool) -> None:
    from rich.live import Live  # for terminals alone

    found: Object = {}
    events: list[Object] = []
    with Live(console=console(), auto_refresh=False, vertical_overflow="crop") as live:
        for version in versions(cluster, namespace, name):
            if version is not None:
                found = version
                events = cluster.events_or_none(namespace, found["metadata"]["uid"])
            now = datetime.now(UTC)
            live.update(status_tree(status_view(found, events, now), now, wide=wide), refresh=True)
    click.echo(f"{namespace}/{name} is gone")
