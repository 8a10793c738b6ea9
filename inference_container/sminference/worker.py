"""A gunicorn worker in which a slow client costs no thread and a quick answer no change of threads.

One thread at a time leads: it waits for all connections of the process, takes what they send without blocking, and
answers a request once it is whole. Requests that may take long (a large body, or a model that was slow lately) make it
hand the lead to another thread first. Reading, writing and idling have deadlines; only computing holds a thread.

gunicorn does the rest: processes, signals, the parsing of heads, the WSGI environment and responses.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from gunicorn.workers.base import Worker

from sminference.connection import Connection, Limits
from sminference.errors import RequestError
from sminference.gateway import Gateway, refusal
from sminference.waiting import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from sminference.framing import Whole

_RECEIVE_BYTES = 256 * 1024
_SWEEP_SECONDS = 0.25
_LINGER_SECONDS = 2.0
_IDLE_WHILE_STOPPING_SECONDS = 1.0
# Above either of these a request is answered beside the leading thread instead of by it.
_QUICK_SECONDS = 0.01
_QUICK_BYTES = 64 * 1024
_BUFFERED_BODIES = 16
# Requests for explanations that are computed at once, and that wait; their bodies as `_BUFFERED_BODIES`. One takes a
# thread for long, but the interpreter's lock lets hardly more than one of them go on.
_EXPLAINED_AT_ONCE = 2
_EXPLANATIONS_WAITING = 256
# Requests of one connection that are answered before others have their turn.
_IN_A_ROW = 8


class LeaderWorker(Worker):  # type: ignore[misc]
    """See the module. The four attributes are set by `configured`."""

    limits: Limits
    on_refused: Callable[[int, str], None]
    takes_long: Callable[[bytes], bool]
    explains: Callable[[bytes], bool]

    def init_process(self) -> None:
        self._epoll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._events: deque[tuple[int, int]] = deque()
        # Connections with a request in `next`.
        self._pending: deque[int] = deque()
        self._turns = Turns(
            _EXPLAINED_AT_ONCE, _EXPLANATIONS_WAITING, _BUFFERED_BODIES * type(self).limits.max_body_bytes
        )
        # Ends the wait of the leading thread.
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._leading = threading.Lock()
        self._next_sweep = 0.0
        self._progress = monotonic()
        self._stopping = False
        # Until requests have shown to be quick they are not.
        self._seconds = 1.0
        super().init_process()

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ARG002 - a signal handler
        # Nothing else: the wake-up descriptor of the signal ends the wait in run().
        self.alive = False

    def run(self) -> None:
        """Keeps the heartbeat while threads serve; after SIGTERM, until what is under way is done."""
        self._gateway = Gateway(self.cfg, self.wsgi, self.sockets[0].getsockname(), self.log)
        self._listeners = {listener.fileno(): listener for listener in self.sockets}
        for descriptor, listener in self._listeners.items():
            listener.setblocking(False)
            self._epoll.register(descriptor, select.EPOLLIN)
        for number in range(self.cfg.threads):
            threading.Thread(target=self._serve, name=f"serve-{number}", daemon=True).start()
        while self.alive and self.ppid == os.getppid():
            # No thread has led for long: all of them are stuck, and gunicorn may kill this worker.
            if monotonic() - self._progress < self.timeout:
                self.notify()
            if select.select([self.PIPE[0]], [], [], 1.0)[0]:
                os.read(self.PIPE[0], 4096)
        self._drain()

    def _drain(self) -> None:
        self.alive = False
        for descriptor in self._listeners:
            self._epoll.unregister(descriptor)
        # Who connects from now on is refused instead of waiting for nobody.
        for listener in self.sockets:
            listener.close()
        self._stopping = True
        until = monotonic() + self.cfg.graceful_timeout
        while self._connections and monotonic() < until:
            self.notify()
            select.select([], [], [], 0.05)

    # The leading thread.

    def _serve(self) -> None:
        while True:
            connection = None
            try:
                with self._leading:
                    connection, whole = self._lead()
                try:
                    self._answer(connection, whole)
                finally:
                    self._give_turn_back(connection)
                self._give_back(connection)
            except Exception:
                self.log.exception("a serving thread failed; it goes on")
                if connection is not None:
                    self._close(connection)

    def _lead(self) -> tuple[Connection, Whole]:
        """Serves until there is a request that should be answered without the lead."""
        while True:
            descriptor, events = self._event()
            if descriptor == self._wake:
                with suppress(BlockingIOError):
                    os.eventfd_read(self._wake)
                continue
            if descriptor in self._listeners:
                self._accept(self._listeners[descriptor])
                continue
            connection = self._connections.get(descriptor)
            if connection is None or connection.busy or connection.waits:
                continue
            whole, connection.next = connection.next, None
            if whole is None:
                whole = self._send(connection) if events & select.EPOLLOUT else self._receive(connection)
            slow = self._answer_quick(connection, whole)
            if slow is not None:
                connection.busy = True
                self._epoll.unregister(descriptor)
                return connection, slow

    def _answer_quick(self, connection: Connection, whole: Whole | None) -> Whole | None:
        """Answers some requests of a connection, from this one on; gives one that is to be answered beside the lead."""
        for _ in range(_IN_A_ROW):
            if whole is None or not self._has_turn(connection, whole):
                return None
            if self._is_slow(whole):
                return whole
            self._answer(connection, whole)
            whole = self._send(connection)
        if whole is not None:
            connection.next = whole
            self._pending.append(connection.descriptor)
        return None

    def _event(self) -> tuple[int, int]:
        """A descriptor and what may be done with it; deadlines are looked after while nothing happens."""
        while True:
            self._progress = now = monotonic()
            if now >= self._next_sweep:
                self._sweep(now)
                self._next_sweep = now + _SWEEP_SECONDS
            if self._events:
                return self._events.popleft()
            for descriptor in self._turns.due():
                self._go_on(descriptor)
            self._events.extend(self._epoll.poll(0 if self._pending else _SWEEP_SECONDS, 64))
            self._events.extend((descriptor, select.EPOLLOUT) for descriptor in self._pending)
            self._pending.clear()

    def _has_turn(self, connection: Connection, whole: Whole) -> bool:
        """Whether a request may be answered now. One for explanations takes a turn; until there is one it waits,
        without a thread, or is refused where too much waits.
        """
        if connection.explained or not type(self).explains(whole.head):
            return True
        if self._turns.take():
            connection.explained = True
            return True
        if self._turns.wait(connection.descriptor, len(whole.head) + len(whole.body)):
            connection.next, connection.waits = whole, True
            # Nothing of it is read meanwhile: neither what it sends, nor that it has gone.
            self._epoll.unregister(connection.descriptor)
            return False
        self._refuse(
            connection, RequestError(503, "explanations: too many are asked for at once; try again in a moment")
        )
        self._send(connection)
        return False

    def _go_on(self, descriptor: int) -> None:
        """The turn of a request that waited has come."""
        connection = self._connections.get(descriptor)
        if connection is None or not connection.waits:
            self._turns.done()
            return
        connection.waits, connection.explained = False, True
        self._epoll.register(descriptor, select.EPOLLIN)
        self._pending.append(descriptor)

    def _give_turn_back(self, connection: Connection) -> None:
        if connection.explained:
            connection.explained = False
            if self._turns.done():
                os.eventfd_write(self._wake, 1)

    def _is_slow(self, whole: Whole) -> bool:
        """Whether answering may take so long that others should not wait for it."""
        return self._seconds > _QUICK_SECONDS or len(whole.body) > _QUICK_BYTES or type(self).takes_long(whole.head)

    def _accept(self, listener: socket.socket) -> None:
        try:
            accepted, address = listener.accept()
        except OSError as error:
            # Mostly another worker was faster, or the client has gone.
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._evict()
            return
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self._connections) >= self.limits.max_connections:
            self._evict()
        connection = Connection(accepted, address, self.limits)
        self._connections[connection.descriptor] = connection
        self._epoll.register(connection.descriptor, select.EPOLLIN)

    def _evict(self) -> None:
        """Makes room: an idle connection goes, the longest idle first; without one, the nearest to its deadline."""
        ours = [connection for connection in list(self._connections.values()) if not connection.busy]
        if ours:
            self._close(min(ours, key=lambda connection: (not connection.idle, connection.deadline)))

    def _receive(self, connection: Connection) -> Whole | None:
        try:
            data = connection.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            self._close(connection)
            return None
        if connection.closing:
            # What comes after the last answer is read over, so that the answer is not lost to a reset.
            return None
        if not connection.received.waiting:
            connection.deadline = monotonic() + self.limits.read_seconds
        connection.received.feed(data)
        return self._next(connection)

    def _next(self, connection: Connection) -> Whole | None:
        """The next request of a connection when it is whole."""
        received = connection.received
        try:
            whole = received.next()
        except RequestError as error:
            self._refuse(connection, error)
            return self._send(connection)
        if whole is None and received.continue_expected:
            received.continue_expected = False
            with suppress(OSError):
                connection.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return whole

    def _sweep(self, now: float) -> None:
        ours = [connection for connection in list(self._connections.values()) if not connection.busy]
        if (late := now - self._next_sweep) > _SWEEP_SECONDS:
            # Nobody led: what clients have sent and taken meanwhile is still to be seen.
            for connection in ours:
                connection.deadline += late
        for connection in ours:
            if self._stopping and connection.idle:
                connection.deadline = min(connection.deadline, now + _IDLE_WHILE_STOPPING_SECONDS)
            if now < connection.deadline or connection.next is not None:
                # It waits for us, not we for it.
                continue
            if connection.received.waiting and not connection.out and not connection.closing:
                seconds = self.limits.read_seconds
                self._refuse(connection, RequestError(408, f"expected the whole request within {seconds:g} s"))
                self._send(connection)
            else:
                self._close(connection)
        self._bound_buffers(ours)

    def _bound_buffers(self, ours: list[Connection]) -> None:
        """Closes the connections with the longest unfinished requests while all of them together take too much."""
        excess = sum(len(connection.received) for connection in ours) - _BUFFERED_BODIES * self.limits.max_body_bytes
        for connection in sorted(ours, key=lambda each: len(each.received), reverse=True):
            if excess <= 0:
                return
            excess -= len(connection.received)
            self._close(connection)

    def _send(self, connection: Connection) -> Whole | None:
        """Sends what the client takes now; once all is sent, the next request of the connection if it is there."""
        try:
            sent = connection.socket.send(connection.out) if connection.out else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close(connection)
            return None
        connection.out = connection.out[sent:]
        if connection.out:
            if not connection.writing:
                self._epoll.modify(connection.descriptor, select.EPOLLOUT)
                connection.writing = True
                connection.deadline = monotonic() + self.limits.write_seconds
            return None
        if connection.writing:
            self._epoll.modify(connection.descriptor, select.EPOLLIN)
            connection.writing = False
        if connection.closing:
            connection.deadline = monotonic() + _LINGER_SECONDS
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_WR)
            return None
        waiting = connection.received.waiting
        connection.deadline = monotonic() + (self.limits.read_seconds if waiting else self.limits.keepalive_seconds)
        return self._next(connection) if waiting else None

    def _close(self, connection: Connection) -> None:
        # First out of the table: the number of a closed descriptor is at once free for another connection.
        self._connections.pop(connection.descriptor, None)
        with suppress(OSError):
            self._epoll.unregister(connection.descriptor)
        connection.socket.close()
        self._give_turn_back(connection)

    # Whoever owns the connection.

    def _answer(self, connection: Connection, whole: Whole) -> None:
        """Has the application answer one request; the response is left in the connection."""
        started = monotonic()
        connection.requests += 1
        last = self._stopping or not self.limits.keepalive_seconds
        try:
            out, stays = self._gateway.respond(whole, connection.address, connection.requests, last=last)
            connection.out, connection.closing = memoryview(out), not stays
        except RequestError as error:
            self._refuse(connection, error)
        self._seconds += 0.2 * (monotonic() - started - self._seconds)

    def _refuse(self, connection: Connection, error: RequestError) -> None:
        """Leaves an answer of our own in the connection, which is its last."""
        type(self).on_refused(error.status, error.message)
        connection.out = memoryview(refusal(error))
        connection.closing = True

    def _give_back(self, connection: Connection) -> None:
        """Lets the leading thread send the response."""
        connection.writing = True
        connection.deadline = monotonic() + self.limits.write_seconds
        self._epoll.register(connection.descriptor, select.EPOLLOUT)
        connection.busy = False


def configured(
    limits: Limits,
    on_refused: Callable[[int, str], None] = lambda _status, _message: None,
    takes_long: Callable[[bytes], bool] = lambda _head: False,
    explains: Callable[[bytes], bool] = lambda _head: False,
) -> type[LeaderWorker]:
    """The class for gunicorn's `worker_class`.

    `on_refused` hears of requests that never reach the application, by status and sentence; `takes_long` tells from the
    head of a request that it is answered beside the leading thread in any case, `explains` that it may ask for
    explanations, of which few are computed at once while the others wait their turn.
    """
    given = {
        "limits": limits,
        "on_refused": staticmethod(on_refused),
        "takes_long": staticmethod(takes_long),
        "explains": staticmethod(explains),
    }
    return type("ConfiguredWorker", (LeaderWorker,), given)
