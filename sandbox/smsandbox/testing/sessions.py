"""boto3 sessions of an AWS in this process, whose clients cost little: what all have in common is made once.

A client is the model of its service, a class of a hundred methods, rules of endpoints and some hundred hooks of
botocore: none of that changes once it is made (a prototype). What is asked of a client, or learnt by it, stays its own:
its AWS, hooks that are added to it or to its session, credentials, retries with their quota, what it keeps.
"""
# ruff: noqa: SLF001 - botocore shows the parts of a client in no other way

import copy
import threading
import weakref
from collections import deque
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.hooks import EventAliaser, HierarchicalEmitter
from botocore.loaders import create_loader
from botocore.retries import standard
from botocore.signers import RequestSigner
from botocore.utils import S3ExpressIdentityResolver, S3RegionRedirectorv2

from smsandbox.aws.http.direct import connect
from smsandbox.aws.http.gateway import Gateway
from smsandbox.aws.http.inprocess import attach
from smsandbox.world import REGION

_HierarchicalEmitter: Any = HierarchicalEmitter  # whose parts have no types
_Boto3Session = boto3.Session  # a test may put `Session` in its place before the first prototype is made
_Noted = list[tuple[str, tuple[Any, ...], dict[str, Any]]]

_LOADER = create_loader()  # AWS's models are read once, not once for each test
# An hour in virtual time is thousands of calls: each says who calls, and no more of what botocore tells of itself.
_BRIEF = Config(user_agent="harness")
_making = threading.Lock()
_prototypes: dict[tuple[str, str, str, bool], "_Prototype"] = {}


class Session(boto3.Session):
    """A session that talks to an AWS; with the environment's credentials unless given."""

    def __init__(self, gateway: Gateway, *, by_wire: bool = False, **credentials: str) -> None:
        self._noted: _Noted = []
        super().__init__(botocore_session=_botocore(), region_name=REGION, **credentials)
        self._noted.clear()  # boto3's own are the prototypes' as well
        self._gateway = gateway
        self._by_wire = by_wire
        attach(self, gateway)
        if not by_wire:
            connect(self)

    @property
    def events(self) -> Any:
        """Where hooks are registered for all clients that are made later."""
        return _Noting(super().events, self._noted)

    def client(self, service_name: str, region_name: str | None = None, **told: Any) -> Any:  # type: ignore[override]
        """A client of its own, as boto3 makes it."""
        if told.keys() - {"config"}:
            make: Callable[..., Any] = super().client
            made = make(service_name, region_name=region_name, **told)
        else:
            prototype = _prototype(service_name, region_name or REGION, told.get("config"), by_wire=self._by_wire)
            made = prototype.copied(self.get_credentials())
            for how, where, named in self._noted:
                getattr(made.meta.events, how)(*where, **named)
        made.gateway = self._gateway
        return made


class _Noting:
    """Where hooks are registered, and noted down."""

    def __init__(self, emitter: Any, noted: _Noted) -> None:
        self._emitter = emitter
        self._noted = noted

    def __getattr__(self, how: str) -> Any:
        found = getattr(self._emitter, how)

        def register(*where: Any, **named: Any) -> None:
            found(*where, **named)
            self._noted.append((how, where, named))

        return register if how.startswith("register") else found


def _botocore() -> botocore.session.Session:
    made = botocore.session.get_session()
    made.register_component("data_loader", _LOADER)
    made.set_default_client_config(_BRIEF)
    return made


@cache
def _unattached(*, by_wire: bool) -> boto3.Session:
    """A session of no AWS, whose clients are prototypes."""
    made = _Boto3Session(botocore_session=_botocore())
    return made if by_wire else connect(made)


def _prototype(service: str, region: str, config: Config | None, *, by_wire: bool) -> "_Prototype":
    """What all clients of a service with these options are copies of."""
    options = repr(sorted(vars(config).items())) if config is not None else ""
    key = service, region, options, by_wire
    with _making:
        if key not in _prototypes:
            make: Callable[..., Any] = _unattached(by_wire=by_wire).client
            _prototypes[key] = _Prototype(make(service, region_name=region, config=config))
        return _prototypes[key]


class _Prototype:
    """A client that is never used."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._hooks: dict[str, list[Any]] = {}

    def copied(self, credentials: Any) -> Any:
        """A client which shares nothing that changes."""
        client = self._client
        made = object.__new__(type(client))
        vars(made).update(vars(client))
        signer, endpoint = copy.copy(client._request_signer), copy.copy(client._endpoint)
        own = {RequestSigner: signer, **_retries(client), **_buckets(made)}
        events: Any = EventAliaser(_Emitter(lambda event: [_of(own, hook) for hook in self._shared(event)]))
        events._alias_name_cache = client.meta.events._alias_name_cache  # what botocore calls an event, for good
        made._ruleset_resolver = copy.copy(client._ruleset_resolver)
        signer._credentials, signer._event_emitter = credentials, weakref.proxy(events)
        endpoint._event_emitter = made._ruleset_resolver._event_emitter = events
        made._cache, made._request_signer, made._endpoint, made.meta = {}, signer, endpoint, copy.copy(client.meta)
        made.meta.events = events
        return made

    def _shared(self, event: str) -> list[Any]:
        if event not in self._hooks:
            self._hooks[event] = list(self._client.meta.events._emitter._handlers.prefix_search(event))
        return self._hooks[event]


def _retries(client: Any) -> dict[type, Any]:
    """What counts a client's retries."""
    told = client.meta.config.retries
    if told["mode"] != "standard":
        return {}
    aside: Any = SimpleNamespace(events=HierarchicalEmitter(), service_model=client.meta.service_model)
    stand_in: Any = SimpleNamespace(meta=aside)
    made: Any = standard.register_retry_handler(stand_in, told.get("total_max_attempts"))
    return {standard.RetryHandler: made, standard.RetryQuotaChecker: made._retry_quota}


def _buckets(made: Any) -> dict[type, Any]:
    """What a client of S3 learns of buckets: their regions, and sessions for those of one zone."""
    if made._PY_TO_OP_NAME.get("head_bucket") is None:
        return {}
    sessions = S3ExpressIdentityResolver(made, RefreshableCredentials)
    return {S3RegionRedirectorv2: S3RegionRedirectorv2(None, made), S3ExpressIdentityResolver: sessions}


def _of(own: dict[type, Any], hook: Any) -> Any:
    """A prototype's hook, or the same of one's own."""
    holder = own.get(type(getattr(hook, "__self__", None)))
    return hook if holder is None else getattr(holder, hook.__name__)


class _Emitter(_HierarchicalEmitter):  # type: ignore[misc]
    """The hooks that were added to a client, before those of its prototype."""

    def __init__(self, shared: Callable[[str], list[Any]]) -> None:
        super().__init__()
        self._shared = shared

    def _emit(self, event_name: str, kwargs: dict[str, Any], stop_on_response: bool = False) -> Any:  # noqa: FBT001, FBT002 - botocore's
        if event_name not in self._lookup_cache:
            own = self._handlers.prefix_search(event_name)
            self._lookup_cache[event_name] = deque([*own, *self._shared(event_name)])
        answers: list[tuple[Any, Any]] = []
        for hook in self._lookup_cache[event_name]:  # as botocore does, without a line of its log for each
            answers.append((hook, hook(event_name=event_name, **kwargs)))
            if stop_on_response and answers[-1][1] is not None:
                break
        return answers
