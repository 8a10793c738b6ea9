"""How a loop of the event loop sleeps: so many seconds, unless something wakes it. Not here: what wakes it, and why."""

import asyncio
import contextlib
from collections.abc import Callable


class Wakeup:
    """Made in the event loop that it belongs to, and used there, but for `from_any_thread`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()

    def clear(self) -> None:
        """What woke it so far is taken care of from here on."""
        self._woken.clear()

    def set(self) -> None:
        """Wake the sleeper."""
        self._woken.set()

    def from_any_thread(self, first: Callable[[], None] = lambda: None) -> None:
        """Do this in the event loop, then wake the sleeper; nothing once the loop has ended."""

        def wake() -> None:
            first()
            self.set()

        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(wake)

    async def sleep(self, seconds: float) -> None:
        """Until woken, but no longer than that.

        Not by `asyncio.wait_for`: until Python 3.12 it loses a cancellation that comes together with what woke it, and
        the process would not end.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._woken.wait()
