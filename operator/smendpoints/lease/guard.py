"""Until when this process may write, and its end when that is over.

Three things end it, each for what the one before cannot reach:

- the fence, asked right before each write, for whoever comes late;
- a thread that waits for the end of the lease, for whoever is in the middle of something (kopf writes by itself);
- a timer of the kernel, for a process that stood still (SIGSTOP, a frozen container, a machine out of memory): it ends
  before it gets to run another line.

What remains: a request that is on the wire when the lease ends, and a machine whose clocks do not notice that it stood
still.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NoReturn, Protocol

from smendpoints.lease.election import Timing

_PR_SET_PDEATHSIG, _PR_GET_PDEATHSIG = 1, 2


def boottime() -> float:
    """Seconds of a clock that nobody sets and that counts while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Alarm(Protocol):
    """Ends the process in so many seconds, whatever it is at."""

    def set(self, seconds: float) -> None:
        """Put off the end."""

    def off(self) -> None:
        """There is to be no end."""


class KernelAlarm:
    """The process's real interval timer and SIGALRM.

    With the signal's default action a process that was stopped is ended by the kernel as it goes on, before its first
    instruction. The first process of a container is spared default actions: there the C library's `_exit` handles it.
    """

    def __init__(self) -> None:
        if os.getpid() == 1:
            libc = ctypes.CDLL(None)
            libc.signal.argtypes, libc.signal.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p
            libc.signal(int(signal.SIGALRM), ctypes.cast(libc._exit, ctypes.c_void_p))  # noqa: SLF001 - its name in C

    def set(self, seconds: float) -> None:
        """Put off the end."""
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))

    def off(self) -> None:
        """There is to be no end."""
        signal.setitimer(signal.ITIMER_REAL, 0)


class Guard:
    """Thread-safe. `end` is called once the lease is over, and does not return in earnest."""

    def __init__(self, timing: Timing, end: Callable[[str], None], *, clock: Callable[[], float], alarm: Alarm) -> None:
        self._timing = timing
        self._end = end
        self._clock = clock
        self._alarm = alarm
        self._until = float("-inf")
        self._changed = threading.Condition()
        self._closed = False
        self.held = threading.Event()

    def extend(self, began: float) -> None:
        """The lease was renewed by a request that began then."""
        with self._changed:
            now = self._clock()
            if self._closed or now >= began + self._timing.renew or (self.held.is_set() and now >= self._until):
                return  # it was over before the answer came
            self._until = max(self._until, began + self._timing.renew)
            # Between the end of the holder's time and the first moment at which another may take over.
            last = began + self._timing.renew + 0.75 * (self._timing.duration - self._timing.renew)
            self._alarm.set(last - now)
            self.held.set()
            self._changed.notify_all()

    def check(self, what: str) -> None:
        """The fence: end the process unless the lease is held."""
        if self._clock() >= self._until:
            self._end(f"no lease is held any more, before {what}")

    def watch(self) -> None:
        """Wait until the lease is over, then end the process; returns when it is closed."""
        while True:
            with self._changed:
                if self._closed:
                    return
                left = self._until - self._clock()
                if left > 0 or not self.held.is_set():
                    self._changed.wait(left if self.held.is_set() else None)
                    continue
            self._end(f"the lease could not be renewed for {self._timing.renew:g} s")
            return

    def close(self) -> None:
        """This process is done writing: no write passes from now on, and that ends nobody by itself."""
        with self._changed:
            self._closed = True
            self._until = float("-inf")
            self._alarm.off()
            self._changed.notify_all()
        self.held.clear()


def restarter(*, as_json: bool, ending: threading.Event) -> Callable[[str], NoReturn]:
    """What replaces this process by a new one of the same pid, in the middle of whatever its threads are at.

    Everything of the old one is gone at once, as if it had been killed; the new one is a candidate like any other. An
    exit would need somebody to start it again, and kubelet waits longer each time. To be made in the main thread.
    A process that is `ending` already only ends.
    """
    death_of_parent = ctypes.c_int(0)
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_GET_PDEATHSIG, ctypes.byref(death_of_parent), 0, 0, 0)

    def start_again(reason: str) -> NoReturn:
        told = f"{reason}; ends at once" if ending.is_set() else f"{reason}; starting again as a candidate"
        line = {"message": told, "severity": "error", "timestamp": datetime.now(UTC).isoformat()}
        with contextlib.suppress(OSError):
            # Not by the logger: another thread may hold its lock.
            os.write(2, f"{json.dumps(line) if as_json else told}\n".encode())
        if ending.is_set():
            os._exit(1)
        if prctl is not None and death_of_parent.value:
            prctl(_PR_SET_PDEATHSIG, death_of_parent.value, 0, 0, 0)  # it is the thread's, and only ours survives
        signal.setitimer(signal.ITIMER_REAL, 0)  # it outlives `exec`
        with contextlib.suppress(OSError):
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - there is no shell
        os._exit(1)

    return start_again
