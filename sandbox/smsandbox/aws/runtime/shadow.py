"""Copies of requests for a shadow variant: sent in the background, their answers measured, captured and dropped."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.runtime.forward import UnreachableError

if TYPE_CHECKING:
    from smsandbox.aws.core.ports import EndpointView, Route
    from smsandbox.aws.runtime.capture import Capture
    from smsandbox.aws.runtime.dispatch import Dispatcher
    from smsandbox.aws.runtime.forward import Invocation

log = logging.getLogger(__name__)

WORKERS = 4
# More than this under way: the copy is left out, never the request delayed.
MAX_PENDING = 64


class Shadows:
    def __init__(self, dispatcher: Dispatcher, capture: Capture) -> None:
        self._dispatcher = dispatcher
        self._capture = capture
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="shadow")
        self._free = threading.Semaphore(MAX_PENDING)

    def copy(self, view: EndpointView, route: Route, invocation: Invocation) -> None:
        """Send a copy some time soon."""
        if self._free.acquire(blocking=False):
            self._pool.submit(self._send, view, route, invocation)

    def _send(self, view: EndpointView, route: Route, invocation: Invocation) -> None:
        try:
            answer = self._dispatcher.ask(view, route, invocation)
            self._capture.take(view, route.variant, invocation, answer)
        except (UnreachableError, AwsError) as error:
            log.debug("shadow request dropped: %s", error)
        finally:
            self._free.release()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
