"""When all objects that there are have been seen, whatever comes and goes meanwhile."""

import asyncio
import json
from collections.abc import Callable, Collection, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from smendpoints.kube import census
from smendpoints.kube.client import UnreachableError


class Seen:
    """What was seen, and whether all were."""

    def __init__(self, *uids: str) -> None:
        self.uids = set(uids)
        self.all = False

    def has_seen(self, uids: Collection[str]) -> bool:
        return self.uids >= set(uids)

    def listed(self) -> None:
        self.all = True


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = {"_LOOK_SECONDS": 0.001, "_FIRST_SECONDS": 0.01, "_LONGEST_SECONDS": 0.02, "_DOUBT_SECONDS": 0.001}
    for name, seconds in soon.items():
        monkeypatch.setattr(census, name, seconds)


def taken(listings: Iterator[Collection[str]], seen: Seen, life: Callable[[], Any] = lambda: None) -> None:
    """A whole census; `life` happens before each listing."""

    def there() -> Collection[str]:
        life()
        return next(listings)

    async def take() -> None:
        async with asyncio.timeout(60):
            await census.take_census(there, seen)

    asyncio.run(take())


def test_where_there_are_no_objects_all_were_seen() -> None:
    seen = Seen()
    taken(iter([()]), seen)
    assert seen.all


def test_it_waits_for_the_last_object() -> None:
    seen, rounds = Seen("a"), iter(range(9))

    def life() -> None:
        assert not seen.all
        if next(rounds) == 3:
            seen.uids.add("b")

    taken(iter([("a", "b")] * 9), seen, life)
    assert seen.all
    assert next(rounds) == 4, "not before, and no longer"


def test_what_went_away_before_it_was_seen_is_not_waited_for_without_end() -> None:
    seen = Seen("a")
    taken(iter([("a", "gone"), ("a",)]), seen)
    assert seen.all


@pytest.mark.parametrize("error", [UnreachableError("no answer"), ValueError("no answer")])
def test_no_failure_ends_it(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    seen, fails = Seen("a"), iter([True, False])

    def life() -> None:
        if next(fails):
            raise error

    taken(iter([("a",)]), seen, life)
    assert seen.all
    assert "cannot list the objects, nothing is reconciled before" in caplog.text


def test_a_listing_of_nothing_has_null_for_its_items() -> None:
    server: Any = Server()
    server.request = lambda *_, **__: {"items": None, "metadata": {}}
    assert census.uids(server, ()) == frozenset()


class Server:
    """Answers listings of five objects, two to a page."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def request(self, method: str, path: str, *, accept: str) -> dict[str, Any]:
        assert method == "GET"
        assert "as=PartialObjectMetadataList" in accept, "thousands of whole objects would take much memory"
        self.asked.append(urlsplit(path).path)
        start = int(parse_qs(urlsplit(path).query).get("continue", ["0"])[0])
        items = [{"metadata": {"uid": f"{self.asked[-1].split('/')[-2]}-{n}"}} for n in range(start, min(start + 2, 5))]
        after = {"continue": str(start + 2)} if start + 2 < 5 else {}
        found: dict[str, Any] = json.loads(json.dumps({"items": items, "metadata": after}))
        return found


@pytest.mark.parametrize(("namespaces", "folders"), [((), ["v1alpha1"]), (("team-a", "team-b"), ["team-a", "team-b"])])
def test_all_pages_of_all_namespaces_that_are_served_are_read(namespaces: tuple[str, ...], folders: list[str]) -> None:
    server: Any = Server()
    assert census.uids(server, namespaces) == {f"{folder}-{number}" for folder in folders for number in range(5)}
    assert len(server.asked) == 3 * len(folders)


class Doubtful:
    """Doubts as often as is said, and keeps what it is told."""

    def __init__(self, *doubts: bool) -> None:
        self.left = list(doubts)
        self.known = frozenset({"a", "b"})
        self.told: list[tuple[set[str], frozenset[str]]] = []
        self.ended = asyncio.Event()

    def doubts(self) -> bool:
        if not self.left:
            self.ended.set()
            return False
        return self.left.pop(0)

    def uids(self) -> frozenset[str]:
        return self.known

    def counted(self, there: Collection[str], known: Collection[str]) -> None:
        self.told.append((set(there), frozenset(known)))


def kept(there: Callable[[], Collection[str]], *doubts: bool) -> Doubtful:
    """The census goes on until there is no doubt left."""

    async def keep() -> Doubtful:
        to = Doubtful(*doubts)
        task = asyncio.create_task(census.keep_census(there, to))
        async with asyncio.timeout(60):
            await to.ended.wait()
        task.cancel()
        return to

    return asyncio.run(keep())


def test_later_it_is_asked_again_only_where_there_is_doubt() -> None:
    listings = iter([("a",)])
    assert kept(lambda: next(listings), False, True, False).told == [({"a"}, frozenset({"a", "b"}))]


@pytest.mark.parametrize("error", [UnreachableError("no answer"), ValueError("no answer")])
def test_what_cannot_be_listed_is_not_taken_for_gone_and_is_asked_again(error: Exception) -> None:
    fails = iter([True, False])

    def there() -> Collection[str]:
        if next(fails):
            raise error
        return ("b",)

    assert kept(there, True, True).told == [({"b"}, frozenset({"a", "b"}))]
