"""The pace of calls in virtual time: free, slowed by throttling alone, and free again."""

from smendpoints.aws.pace import LONGEST_WAIT, Pace, Paces


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Aws:
    """Admits `rate` calls a second, with a burst of as many."""

    def __init__(self, clock: Clock, rate: float) -> None:
        self.clock, self.rate = clock, rate
        self.tokens, self.at = rate, clock.now
        self.refused = self.taken = 0

    def call(self, pace: Pace) -> None:
        passed, self.at = self.clock.now - self.at, self.clock.now
        self.tokens = min(self.rate, self.tokens + passed * self.rate)
        if self.tokens < 1:
            self.refused += 1
            pace.throttled()
            return
        self.tokens -= 1
        self.taken += 1
        pace.admitted()


def test_calls_are_free_until_aws_throttles() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(5000):
        assert pace.reserve() == 0.0
        pace.admitted()
    assert pace.rate is None


def test_a_throttled_pace_finds_what_aws_admits_and_keeps_near_it() -> None:
    clock = Clock()
    pace, aws = Pace(clock), Aws(clock, 5.0)
    assert [pace.reserve() for _ in range(50)] == [0.0] * 50
    for _ in range(50):  # a burst, as at a start
        aws.call(pace)
    taken, refused, began = aws.taken, aws.refused, clock.now
    while clock.now < began + 300:
        wait = pace.reserve()
        assert wait is not None
        clock.now += max(wait, 0.001)
        aws.call(pace)
    print(f"{aws.taken - taken} taken, {aws.refused - refused} refused")
    assert aws.taken - taken > 0.7 * 5 * 300  # nearly all that AWS would take
    assert aws.refused - refused < 0.1 * (aws.taken - taken)


def test_calls_refused_together_slow_down_once() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(40):
        pace.admitted()
    for _ in range(20):
        pace.throttled()
    assert pace.rate == 14.0  # 40 in a window of two seconds, less three tenths


def test_a_throttled_pace_is_free_again_after_a_while_without_throttling() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.throttled()
    assert pace.rate == 0.5
    clock.now += 600
    assert pace.reserve() == 0.0
    assert pace.rate is None


def test_who_waits_is_served_in_order_and_nobody_waits_without_end() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.throttled()
    waits = [pace.reserve() for _ in range(20)]
    admitted = [wait for wait in waits if wait is not None]
    assert admitted == sorted(admitted)
    assert admitted
    assert max(admitted) <= LONGEST_WAIT
    assert waits[-1] is None  # told at once, so that its thread does something else
    clock.now += 10
    assert pace.reserve() is not None


def test_accounts_regions_and_services_do_not_slow_each_other() -> None:
    paces = Paces(Clock())
    paces("1", "us-east-1", "sagemaker").throttled()
    assert paces("1", "us-east-1", "sagemaker").rate is not None
    for other in (("2", "us-east-1", "sagemaker"), ("1", "eu-west-1", "sagemaker"), ("1", "us-east-1", "cloudwatch")):
        assert paces(*other).rate is None


def test_the_pace_of_a_place_without_objects_is_forgotten() -> None:
    paces = Paces(Clock())
    for account in ("1", "2"):
        paces(account, "us-east-1", "sagemaker").throttled()
    paces.keep(frozenset({("1", "us-east-1")}))
    assert paces("1", "us-east-1", "sagemaker").rate is not None
    assert paces("2", "us-east-1", "sagemaker").rate is None
