"""What wakes a loop that sleeps, and that nothing keeps it from being ended."""

import asyncio

import pytest

from smendpoints.work.wakeup import Wakeup

DEADLINE = 60.0


async def loop_of(wakeup: Wakeup, rounds: list[None]) -> None:
    while True:
        wakeup.clear()
        rounds.append(None)
        await wakeup.sleep(DEADLINE)


@pytest.mark.parametrize("turns", range(6))
def test_a_cancellation_that_comes_together_with_what_wakes_it_ends_it(turns: int) -> None:
    """In whichever turn of the event loop it comes. Else the operator would not end when it is told to."""

    async def life() -> None:
        wakeup = Wakeup()
        task = asyncio.ensure_future(loop_of(wakeup, []))
        await asyncio.sleep(0)
        wakeup.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done, "it sleeps on"
        assert task.cancelled()

    asyncio.run(life())


def test_another_thread_wakes_it_after_what_it_has_to_do_first() -> None:
    async def life() -> None:
        wakeup, did = Wakeup(), list[str]()
        rounds: list[None] = []
        task = asyncio.ensure_future(loop_of(wakeup, rounds))
        await asyncio.sleep(0)
        await asyncio.to_thread(wakeup.from_any_thread, lambda: did.append("first"))
        async with asyncio.timeout(DEADLINE):
            while len(rounds) < 2:  # noqa: ASYNC110 - the loop under test counts
                await asyncio.sleep(0)
        assert did == ["first"]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(life())


def test_unwoken_it_goes_on_by_itself() -> None:
    asyncio.run(asyncio.wait_for(sleep_briefly(), DEADLINE))


async def sleep_briefly() -> None:
    await Wakeup().sleep(0.01)
    await Wakeup().sleep(-1.0)


def test_a_loop_that_has_ended_is_told_nothing() -> None:
    async def made() -> Wakeup:
        return Wakeup()

    asyncio.run(made()).from_any_thread()
