"""Data capture: requests and answers as JSON lines in S3, in SageMaker's layout. In batches.

It writes as the endpoint's execution role, which needs s3:PutObject there. Failures are silent, as AWS's are.
"""

from __future__ import annotations

import base64
import json
import random
import threading
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smsandbox.aws.core.ports import EndpointView
    from smsandbox.aws.core.world import World
    from smsandbox.aws.runtime.forward import Answer, Invocation

    MayWrite = Callable[[str, str, str], bool]  # a role, an endpoint's account and a URI

FLUSH_AWS_SECONDS = 60.0
_MODES = {"Input": ("Input",), "Output": ("Output",), "InputAndOutput": ("Input", "Output")}


def record(
    config: Mapping[str, Any], invocation: Invocation, answer: Answer, event_id: str, when: datetime
) -> dict[str, Any]:
    """One line of a capture file, as DataCaptureConfig `config` has it."""
    modes = {mode for option in config["CaptureOptions"] for mode in _MODES[option["CaptureMode"]]}
    header = config.get("CaptureContentTypeHeader") or {}
    data: dict[str, Any] = {}
    if "Input" in modes:
        data["endpointInput"] = _side("INPUT", invocation.body, invocation.content_type, header)
    if "Output" in modes:
        data["endpointOutput"] = _side("OUTPUT", answer.body, answer.content_type, header)
    metadata: dict[str, Any] = {"eventId": event_id, "inferenceTime": when.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if invocation.custom_attributes:
        metadata["customAttributes"] = [invocation.custom_attributes]
    if invocation.inference_id:
        metadata["inferenceId"] = invocation.inference_id
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}


def _side(mode: str, body: bytes, content_type: str | None, header: Mapping[str, Any]) -> dict[str, Any]:
    media_type = (content_type or "").partition(";")[0].strip().lower()
    encoding = "BASE64"
    if media_type in {one.lower() for one in header.get("CsvContentTypes") or ()}:
        encoding = "CSV"
    elif media_type in {one.lower() for one in header.get("JsonContentTypes") or ()}:
        encoding = "JSON"
    data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode(errors="replace")
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def key_of(destination: str, endpoint: str, variant: str, when: datetime, unique: str) -> str:
    """The URI of a capture file: endpoint, variant, hour, then minute, second and a unique part."""
    hour = when.strftime("%Y/%m/%d/%H")
    instant = f"{when:%M-%S}-{when.microsecond // 1000:03d}"
    return f"{destination.rstrip('/')}/{endpoint}/{variant}/{hour}/{instant}-{unique}.jsonl"


class Capture:
    """Samples, collects and writes. Thread-safe."""

    def __init__(self, world: World, may_write: MayWrite) -> None:
        self._world = world
        self._may_write = may_write
        self._random = random.Random(world.settings.seed)
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, str | None, str, str, str], list[str]] = defaultdict(list)
        self._is_planned = False

    def take(self, view: EndpointView, variant: str, invocation: Invocation, answer: Answer) -> None:
        """Keep this exchange when the endpoint captures, and the sample says so."""
        config = view.config.get("DataCaptureConfig")
        if not config or not config.get("EnableCapture", False) or not answer.is_good:
            return
        with self._lock:
            if self._random.random() * 100 >= config["InitialSamplingPercentage"]:
                return
            event_id = self._unique()
            when = datetime.fromtimestamp(self._world.now(), UTC)
            line = json.dumps(record(config, invocation, answer, event_id, when))
            self._pending[view.account, view.execution_role, config["DestinationS3Uri"], view.name, variant].append(
                line
            )
            planned, self._is_planned = self._is_planned, True
        if not planned:
            with self._world.lock:
                self._world.after(max(self._world.real(FLUSH_AWS_SECONDS), 0.2), self.flush)

    def flush(self) -> None:
        """Write what was collected."""
        with self._lock:
            pending, self._pending = self._pending, defaultdict(list)
            self._is_planned = False
            when = datetime.fromtimestamp(self._world.now(), UTC)
            named = [(key, lines, self._unique()) for key, lines in pending.items()]
        for (account, role, destination, endpoint, variant), lines, unique in named:
            uri = key_of(destination, endpoint, variant, when, unique)
            looked_at = role is not None and self._world.settings.options.verify_roles
            if looked_at and not self._may_write(str(role), account, uri):
                continue  # AWS says nothing of it
            try:
                self._world.objects.write(
                    account, uri, "".join(f"{line}\n" for line in lines).encode(), "application/json"
                )
            except KeyError:
                continue  # no such bucket: AWS says nothing either

    def _unique(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
