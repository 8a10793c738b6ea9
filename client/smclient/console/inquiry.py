"""Asking the models of endpoints, for the Playground: who can be asked, what they are, what they answer."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from smclient.aws.invoking import Answer, Asking, Invoker
from smclient.console.backend import Backend
from smclient.console.playground.description import Description, description_of
from smclient.console.reading import Reading
from smclient.endpoint import output_path_of
from smclient.errors import ClientError
from smclient.kube.cluster import Object
from smclient.payload import JSON, Payload

_DESCRIBED_SECONDS = 600.0
_AWAITED_SECONDS = 60.0
# Another container may take the request for a description for a broken one, and an alarm may count it.
_OURS = re.compile(r"(?:^|[/:])[^/:]*(?:sklearn-inference|sminference)")


@dataclass(frozen=True)
class Target:
    """Whom to ask: an object, one of its variants (None: by weight), one model of a multi-model variant."""

    found: Object
    variant: str | None = None
    model: str | None = None

    @property
    def namespace(self) -> str:
        return str(self.found["metadata"]["namespace"])

    @property
    def name(self) -> str:
        return str(self.found["metadata"]["name"])

    @property
    def endpoint(self) -> str | None:
        """The endpoint's name in AWS; None while there is none."""
        return ((self.found.get("status") or {}).get("endpoint") or {}).get("name")

    @property
    def variants(self) -> tuple[str, ...]:
        """Those that can be asked."""
        return tuple(str(each["name"]) for each in self._variants)

    @property
    def multi_model(self) -> bool:
        """Whether a model has to be named."""
        return any(each.get("multiModel") for each in self._variants)

    @property
    def is_async(self) -> bool:
        """Whether answers come through S3."""
        return output_path_of(self.found) is not None

    @property
    def is_ours(self) -> bool:
        """Whether the images look like this project's container, which can be asked what it serves at no risk."""
        images = [
            str(each.get("image") or "").lower() for each in self._variants if self.variant in (None, each["name"])
        ]
        return bool(images) and all(_OURS.search(image) for image in images)

    @property
    def _variants(self) -> Sequence[Object]:
        return (self.found.get("spec") or {}).get("variants") or []

    @property
    def shown(self) -> str:
        """What people call it."""
        return f"{self.name}/{self.variant}" if self.variant else self.name


def described(backend: Backend, target: Target) -> Reading[Description]:
    """What the model says of itself, kept for some minutes.

    No value and no error: it answers, and not as this project's container does.
    """
    endpoint = (target.found.get("status") or {}).get("endpoint") or {}
    uid, config = target.found["metadata"].get("uid"), endpoint.get("configName")
    key = ("description", uid, config, endpoint.get("status"), target.variant, target.model)

    def ask() -> Sequence[Description]:
        asking = Asking(JSON, target.variant, target.model, custom_attributes="describe=true")
        answer = _answer(backend, target, Payload(b'{"instances": []}', JSON), asking)
        try:
            found = description_of(answer.json())
        except ClientError:
            found = None
        return [] if found is None else [found]

    told = backend.kept.read(key, _DESCRIBED_SECONDS, ask)
    if told.error is not None:
        backend.kept.forget(key)  # the next page tries again
    return Reading(told.value[0] if told.value else None, told.at, told.error)


def asked(backend: Backend, requests: Sequence[tuple[Target, Payload, Asking]]) -> list[Answer | ClientError]:
    """The answers, or why there is none, of all at once."""

    def one(request: tuple[Target, Payload, Asking]) -> Answer | ClientError:
        try:
            return _answer(backend, *request)
        except ClientError as error:
            return error

    if len(requests) == 1:
        return [one(requests[0])]
    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(one, requests))


def _answer(backend: Backend, target: Target, payload: Payload, asking: Asking) -> Answer:
    if target.endpoint is None:
        raise ClientError(f"{target.namespace}/{target.name} has no endpoint yet", "its page says what it waits for")
    invoker = Invoker(backend.aws(target.found), target.endpoint)
    output_path = output_path_of(target.found)
    if output_path is None:
        return invoker.invoke(payload, asking)
    return invoker.answer(invoker.submit(payload, asking, output_path), _AWAITED_SECONDS)
