"""Who calls next while AWS throttles, in virtual time: passes in threads, against an AWS that counts calls."""

import heapq
import itertools
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smendpoints.aws.calls.pace import Call, Pace, Ticket, Work

LATENCY = 0.1
EDIT = [
    Call("sagemaker", "DescribeEndpoint"),
    Call("application-autoscaling", "DescribeScalableTargets"),
    Call("ecr", "DescribeImages"),
    Call("s3", "ListObjectsV2"),
    Call("sagemaker", "CreateModel"),
    Call("sagemaker", "CreateEndpointConfig"),
    Call("sagemaker", "UpdateEndpoint"),
]
SCALING = [
    Call("application-autoscaling", f"Describe{what}")
    for what in ("ScalableTargets", "ScalingPolicies", "ScheduledActions")
]
AUDIT = [SCALING[1]] * 50 + [SCALING[0]] * 10 + [Call("sagemaker", "ListModels")] * 6
LOOK = [Call("sagemaker", "DescribeEndpoint")]
LIST = [Call("sagemaker", "ListEndpoints")] * 5
ALL = ()


@dataclass
class Counter:
    """AWS's: so many calls a second, with a burst of as many."""

    rate: float
    tokens: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = max(1.0, self.rate)

    def has(self, now: float) -> bool:
        self.tokens = min(max(1.0, self.rate), self.tokens + (now - self.at) * self.rate)
        self.at = now
        return self.tokens >= 1


@dataclass
class Town:
    """Threads that make passes of calls, one pace, and AWS with its limits by scope: all, a service, an operation."""

    limits: Mapping[tuple[str, ...], float]
    latency: float = LATENCY
    pace: Pace = field(default_factory=Pace)
    now: float = 0.0
    taken: list[tuple[float, Call]] = field(default_factory=list)
    refused: list[tuple[float, Call]] = field(default_factory=list)
    ended: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    waits: dict[Work, list[float]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._counters = {scope: Counter(rate) for scope, rate in self.limits.items()}
        self._later: list[tuple[float, int, Iterator[Ticket], Ticket | None]] = []
        self._threads: dict[Ticket, Iterator[Ticket]] = {}
        self._number = itertools.count()

    def thread(self, namespace: str, passes: Iterable[list[Call]], work: Work = Work.NEW, at: float = 0.0) -> None:
        """A thread that makes these passes one after the other."""

        def life() -> Iterator[Ticket]:
            for calls in passes:
                begun = self.now
                for call in calls:
                    yield Ticket(call, namespace, work, begun, self.now)
                self.ended[namespace].append((begun, self.now))

        self._at(at, life())

    def run(self, until: float) -> None:
        while self.now < until:
            while (ticket := self.pace.deal(self.now)) is not None:
                self.waits[ticket.work].append(self.now - ticket.since)
                self._at(self.now + self.latency, self._threads.pop(ticket), ticket)
            following = min(self._later[0][0] if self._later else until, self.pace.next_at(), until, self.now + 1)
            self.now = max(following, self.now + 1e-4)
            while self._later and self._later[0][0] <= self.now:
                _, _, thread, call = heapq.heappop(self._later)
                self._go_on(thread, call)

    def _at(self, when: float, thread: Iterator[Ticket], sent: Ticket | None = None) -> None:
        heapq.heappush(self._later, (when, next(self._number), thread, sent))

    def _go_on(self, thread: Iterator[Ticket], sent: Ticket | None) -> None:
        """The answer is there: refused, the thread calls again after a second; else it makes its next call."""
        if sent is not None and sent.dealt:
            counters = [self._counters[scope] for scope in sent.call.scopes() if scope in self._counters]
            if not all(counter.has(self.now) for counter in counters):
                self.refused.append((self.now, sent.call))
                self.pace.refused(sent.call, self.now)
                self._at(self.now + 1.0, thread, Ticket(sent.call, sent.namespace, sent.work, sent.begun, self.now))
                return
            for counter in counters:
                counter.tokens -= 1
            self.taken.append((self.now, sent.call))
            self.pace.admitted(sent.call, self.now)
        again = sent if sent is not None and not sent.dealt else None
        ticket = again or next(thread, None)
        if ticket is not None:
            ticket.since = self.now
            self._threads[ticket] = thread
            self.pace.waiting.append(ticket)

    def share_refused(self, after: float) -> float:
        refused = sum(when >= after for when, _ in self.refused)
        return refused / max(1, refused + sum(when >= after for when, _ in self.taken))

    def rate_of(self, after: float, *scope: str) -> float:
        number = sum(when >= after and scope in call.scopes() for when, call in self.taken)
        return number / (self.now - after)


def flood(town: Town, namespace: str, threads: int = 28, work: Work = Work.NEW) -> None:
    for _ in range(threads):
        town.thread(namespace, itertools.repeat(EDIT), work)


def edits_of_tags(chance: random.Random) -> Iterator[list[Call]]:
    """Without end, each with what happens to be out of date in the shared lists."""
    endpoint, tags, add, config = (
        Call("sagemaker", each) for each in ("DescribeEndpoint", "ListTags", "AddTags", "DescribeEndpointConfig")
    )
    while True:
        scaling = SCALING if chance.random() < 0.35 else []
        configs = [config] if chance.random() < 0.8 else []
        others = [tags] if chance.random() < 0.5 else []
        yield [endpoint, tags, *scaling, *configs, *others, add, add, add]


def longest(town: Town, namespace: str) -> float:
    return max(end - begun for begun, end in town.ended[namespace])


@pytest.mark.parametrize(("scope", "limit"), [(ALL, 5.0), (ALL, 15.0), (("sagemaker",), 5.0)])
def test_few_calls_are_refused_after_a_minute_whatever_aws_counts(scope: tuple[str, ...], limit: float) -> None:
    town = Town({scope: limit})
    flood(town, "many")
    town.run(240.0)
    print(f"{town.share_refused(60.0):.1%} refused, {town.rate_of(60.0, *scope):.2f} a second taken")
    assert town.share_refused(60.0) < 0.1
    assert town.rate_of(60.0, *scope) > 0.85 * limit


@pytest.mark.parametrize("seed", [0, 1, 3, 7])
def test_where_aws_counts_all_calls_together_none_is_held_back_alone(seed: int) -> None:
    """Else each refusal that happens to be of it slows it once more, and who needs it waits for it."""
    chance = random.Random(seed)
    town = Town({ALL: 15.0}, latency=0.02)
    for _ in range(14):
        town.thread("many", edits_of_tags(chance), at=chance.random())
    town.thread("", itertools.repeat(AUDIT), Work.LISTING, at=3.0)
    town.thread("", itertools.repeat(LIST), Work.LISTING, at=5.0)
    for number in range(40):
        town.thread("one", [next(edits_of_tags(chance))], at=60.0 + 10 * number)
    town.run(480.0)
    print(f"{town.rate_of(60.0, *ALL):.2f} a second taken; beside a flood at most {longest(town, 'one'):.1f} s")
    assert town.rate_of(60.0, *ALL) > 0.98 * 15
    assert longest(town, "one") < 3.5


def test_what_was_sent_before_aws_throttled_says_nothing_of_what_it_counts() -> None:
    """Else all that is refused now looks rare beside it, as if each kind of call had a limit of its own."""
    pace = Pace()
    for _ in range(5000):
        pace.admitted(Call("sagemaker", "ListTags"), 0.0)
    for number in range(60):
        for call in EDIT[4:]:
            now = 1.0 + number
            pace.admitted(call, now)
            if number % 5 == 0:
                pace.refused(call, now)
    assert pace.rate(Call("sagemaker", "AddTags")) is not None
    assert pace.rate(Call("ecr", "DescribeImages")) is None


def test_an_operation_that_aws_counts_alone_slows_no_other() -> None:
    town = Town({("sagemaker", "CreateModel"): 2.0, ("sagemaker", "CreateEndpointConfig"): 3.0})
    flood(town, "many", threads=12)
    for _ in range(4):
        town.thread("others", itertools.repeat(LOOK))
    town.run(240.0)
    assert town.share_refused(60.0) < 0.1
    assert town.rate_of(60.0, "sagemaker", "CreateModel") > 1.6
    assert town.rate_of(60.0, "sagemaker", "DescribeEndpoint") > 0.8 * 4 / LATENCY  # as fast as AWS answers


def test_one_namespaces_500_edits_delay_anothers_one_by_less_than_five_seconds() -> None:
    town = Town({ALL: 5.0})
    edits = iter([EDIT] * 500)
    for _ in range(28):
        town.thread("many", edits)
    town.thread("one", [EDIT] * 20, at=90.0)
    town.run(240.0)
    alone = len(EDIT) / 5.0
    took = [end - begun for begun, end in town.ended["one"]]
    print(f"alone {alone:.1f} s; beside 500 edits at most {max(took):.1f} s of {len(took)} edits")
    assert len(took) == 20
    assert max(took) - alone <= 5.0


def test_a_lone_edit_of_many_calls_is_hardly_delayed_either() -> None:
    """Two by turns would take twice the time: who had nothing of late goes first until it has had as much."""
    town = Town({ALL: 5.0})
    flood(town, "many")
    long = (EDIT * 3)[:16]
    for at in (90.0, 130.0, 170.0):
        town.thread("one", [long], at=at)
    town.run(240.0)
    alone = len(long) / 5.0
    took = [end - begun for begun, end in town.ended["one"]]
    print(f"alone {alone:.1f} s; beside a flood {[f'{each:.1f}' for each in took]} s")
    assert len(took) == 3
    assert max(took) < 1.5 * alone


def test_with_twenty_namespaces_of_which_one_floods_each_other_gets_as_much_as_it() -> None:
    town = Town({ALL: 5.0})
    flood(town, "many", threads=13)
    for number in range(19):
        town.thread(f"team-{number}", itertools.repeat(EDIT))
    town.run(360.0)
    passes = {namespace: len(town.ended[namespace]) for namespace in ["many", *(f"team-{n}" for n in range(19))]}
    print(passes)
    fair = sum(passes.values()) / 20
    assert all(passes[f"team-{number}"] >= 0.7 * fair for number in range(19))
    assert passes["many"] <= 6 * fair  # three of four calls by turns, the fourth by age: it has most that are old


def test_new_work_comes_before_drift_and_drift_comes_in_the_end() -> None:
    town = Town({ALL: 5.0})
    for _ in range(14):
        town.thread("rest", itertools.repeat(LOOK), Work.DRIFT)
        town.thread("new", itertools.repeat(EDIT))
    town.run(300.0)
    new, drift = len(town.ended["new"]) * len(EDIT), len(town.ended["rest"])
    assert new > 1.5 * drift
    assert drift > 0.1 * new
    assert max(town.waits[Work.DRIFT]) < 4 * 28 / 4


def test_a_listing_is_done_while_edits_flood() -> None:
    town = Town({ALL: 5.0})
    flood(town, "many")
    town.thread("", itertools.repeat(LIST), Work.LISTING)
    town.run(300.0)
    print(f"{len(town.ended[''])} listings of {len(LIST)} pages, at most {longest(town, ''):.1f} s each")
    assert longest(town, "") < 30.0


def test_passes_of_a_flood_end_one_by_one_and_not_all_in_the_end() -> None:
    """A thread is held as long as its pass: where all went on in step, none would be free for a minute."""
    town = Town({ALL: 5.0})
    flood(town, "many")
    town.run(240.0)
    ends = sorted(end for _, end in town.ended["many"] if end > 60.0)
    assert max(after - before for before, after in itertools.pairwise(ends)) < 5.0


@settings(max_examples=12, deadline=None)
@given(
    threads=st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(list(Work))), min_size=1, max_size=40),
    limit=st.floats(2.0, 30.0),
    seed=st.integers(0, 1000),
)
def test_nobody_waits_without_end(threads: list[tuple[str, Work]], limit: float, seed: int) -> None:
    chance = random.Random(seed)
    town = Town({ALL: limit})
    for namespace, work in threads:
        passes = (chance.sample(EDIT, chance.randint(1, len(EDIT))) for _ in itertools.count())
        town.thread(namespace, passes, work)
    town.run(120.0)
    bound = 4 * len(threads) / (0.5 * limit) + 5.0
    assert max(wait for waits in town.waits.values() for wait in waits) <= bound
    assert all(town.now - ticket.since <= bound for ticket in town.pace.waiting)
