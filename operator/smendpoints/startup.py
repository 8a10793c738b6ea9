"""Puts the operator together: kopf's settings, the log, the watch of AWS, the controller."""

import asyncio
import itertools
import logging
import os
import sys
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import botocore.session
import kopf

from smendpoints.api.group import EXPERIMENT_KIND, EXPERIMENT_PLURAL
from smendpoints.aws.account import Accounts
from smendpoints.aws.calls.clients import Clients, Place
from smendpoints.aws.calls.connections import Connections
from smendpoints.aws.calls.identity import Presented
from smendpoints.aws.events import EventQueue, region_of_queue
from smendpoints.aws.listed.watch import Cadence
from smendpoints.config import Config
from smendpoints.controller.experiments import Experiments
from smendpoints.controller.reconcile import Controller
from smendpoints.controller.settings import ControllerSettings
from smendpoints.handlers import Handlers
from smendpoints.kube.census import run_census, uids
from smendpoints.kube.cluster import Login, cluster_uid
from smendpoints.kube.current import why_not_current
from smendpoints.kube.gate import Gate
from smendpoints.kube.objectapi import KubeObjects
from smendpoints.logs import use
from smendpoints.metrics import AWS_WAIT
from smendpoints.process.standing import Standing, holding
from smendpoints.work.backlog import Backlog
from smendpoints.work.boundary import Boundary
from smendpoints.work.dispatcher import Dispatcher
from smendpoints.work.experimenter import Experimenter
from smendpoints.work.hints import start_listening
from smendpoints.work.reconciler import Reconciler
from smendpoints.work.watching import PLACES_AT_ONCE, Watcher, watch_aws
from smendpoints.work.workqueue import WorkQueue

# Calls to AWS are CPU time of Python. With 5 ms, Python's default, one thread waits for each of the others so long.
_SWITCH_SECONDS = 0.001


class Backoffs:
    """Seconds between attempts at the API server, without end: kopf's own end in a minute, and the process with them.

    None is long, so that the operator is back soon after the API server is.
    """

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((0.5, 1.0, 2.0), itertools.repeat(3.0))


class NoDiffBase(kopf.DiffBaseStorage):
    """Keeps kopf from copying each version of each object to find out what changed: no handler asks."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def store(self, **_: Any) -> None:
        """Nothing to store."""


def apply_settings(settings: kopf.OperatorSettings) -> None:
    """Kopf's settings; each that differs from its default has a reason."""
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.peering.standalone = True
    settings.scanning.disabled = True  # needs no rights on CRDs and namespaces
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = Backoffs()
    settings.networking.trust_env = False  # the API server is not behind the proxy of the way out
    settings.watching.connect_timeout = 10
    settings.watching.reconnect_backoff = 1.0
    settings.watching.chunk_size = 500
    settings.process.ultimate_exiting_timeout = 50  # below the pod's grace period


class QuietKopf(logging.Filter):
    """Drops kopf's word on each event that it hands on."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "/kopf/" not in record.pathname or record.levelno >= logging.WARNING


def region_of(config: Config) -> str:
    """The default region.

    Raises:
        RuntimeError: there is none; says what to set.
    """
    region = (
        config.region or os.environ.get("AWS_REGION") or botocore.session.get_session().get_config_variable("region")
    )
    if not region:
        raise RuntimeError("no AWS region: set SMENDPOINTS_REGION, AWS_REGION or AWS_DEFAULT_REGION")
    return str(region)


def build(config: Config, registry: kopf.OperatorRegistry, standing: Standing) -> None:
    """Register all handlers."""
    cluster_id, region = config.cluster_id or cluster_uid(standing.client), region_of(config)
    presented = Presented(cluster_id, config.external_id, config.session_tags)
    agent = f"smendpoints/{standing.identity}"
    size = config.threads + PLACES_AT_ONCE
    connections = Connections(region, size, presented, fence=standing.fence, user_agent=agent)
    AWS_WAIT.set_function(connections.paces.oldest_wait)
    cadence = Cadence(config.poll_seconds, config.watch_seconds, config.audit_seconds)
    accounts = Accounts(
        connections,
        cadence=cadence,
        price_table=config.prices == "table",
        analysis_period=config.analysis_period_seconds,
    )
    tasks: list[asyncio.Task[None]] = []
    stopping = ExitStack()

    async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
        apply_settings(settings)
        loop = asyncio.get_running_loop()
        workers = ThreadPoolExecutor(config.threads, thread_name_prefix="reconcile")
        watchers = ThreadPoolExecutor(PLACES_AT_ONCE, thread_name_prefix="watch")
        backlog = Backlog(controller.tenancy, WorkQueue(config.threads, config.object_seconds))
        dispatcher = Dispatcher(backlog, reconciler.reconcile, workers)
        handlers.to = dispatcher
        watcher = Watcher(accounts, dispatcher.places, dispatcher.awaited, dispatcher.moved)
        census = run_census(partial(uids, standing.client, config.namespace_list()), dispatcher)
        tasks.extend(loop.create_task(each) for each in (watch_aws(watcher, watchers), dispatcher.run(), census))
        if config.events_queue_url is not None:
            where = Place(region_of_queue(config.events_queue_url) or region)
            events = EventQueue(Clients(where, connections), config.events_queue_url)

            def hinted(place: Place, endpoints: Collection[str]) -> None:
                watcher.hinted(place)  # for those that believe the listings alone
                dispatcher.moved(place, endpoints)

            start_listening(events.receive, lambda: watcher.places, hinted, standing.ending)
        standing.health.work = dispatcher
        stopping.callback(boundary.stop)
        boundary.start(dispatcher.ruled)
        period = config.analysis_period_seconds
        experimenter = Experimenter(
            controller.tenancy,
            KubeObjects(standing.client, gate, standing.fence, EXPERIMENT_KIND, EXPERIMENT_PLURAL),
            Experiments(accounts, controller.tenancy, backlog, period=period),
        )
        stopping.callback(experimenter.stop)
        experimenter.start(
            standing.client,
            config.namespace_list(),
            ready=dispatcher.has_listed,
            ruled=dispatcher.ruled,
            seconds=config.poll_seconds,
        )

    async def stop(**_: Any) -> None:
        standing.ending.set()
        connections.paces.end()
        stopping.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    gate = Gate()
    controller = Controller(
        ControllerSettings(
            cluster_id=cluster_id,
            region=region,
            execution_role_arn=config.default_execution_role_arn,
            tags=config.tags(),
            retains=config.deletion_policy == "Retain",
            poll_seconds=config.poll_seconds,
        ),
        accounts,
        why_not=why_not_current(standing.client, gate),
    )
    handlers = Handlers(registry)
    reconciler = Reconciler(controller, KubeObjects(standing.client, gate, standing.fence))
    boundary = Boundary(standing.client, controller.tenancy, required=config.require_policies)
    kopf.on.login(registry=registry)(Login(handlers.listing).log_in)  # a registry of one's own has none
    kopf.on.startup(registry=registry)(start)
    kopf.on.cleanup(registry=registry)(stop)


def run(config: Config) -> None:
    """Run the operator until it is told to stop: as a standby, and once it holds the lease as the one that works.

    Raises:
        RuntimeError: something that it needs is missing; says what to set.
    """
    logging.getLogger("kopf.objects").addFilter(QuietKopf())
    for chatty in ("aiohttp.access", "botocore", "kopf.activities"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    kopf.configure(
        verbose=config.log_level == "debug",
        quiet=config.log_level == "warning",
        log_format=kopf.LogFormat.JSON if config.log_format == "json" else kopf.LogFormat.FULL,
        log_prefix=False,
    )
    use(config.log_format)
    region_of(config)  # a standby would find out when it is needed
    sys.setswitchinterval(_SWITCH_SECONDS)
    with holding(config) as standing:
        registry = kopf.OperatorRegistry()
        build(config, registry, standing)
        namespaces = config.namespace_list()
        kopf.run(registry=registry, standalone=True, clusterwide=not namespaces, namespaces=namespaces)
