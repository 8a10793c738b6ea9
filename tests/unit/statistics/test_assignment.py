"""Sticky assignment: shares as the weights say, users stay, and other languages can check themselves by examples."""

import subprocess
import sys

import pytest

from smendpoints.statistics.assignment import assign

USERS = [f"user-{number}" for number in range(20_000)]


def share(weights: dict[str, float], name: str, salt: str = "experiment") -> float:
    return sum(assign(user, weights, salt=salt) == name for user in USERS) / len(USERS)


@pytest.mark.parametrize("weights", [{"a": 1, "b": 1}, {"a": 90, "b": 10}, {"a": 0.2, "b": 0.3, "c": 0.5}])
def test_users_are_dealt_out_as_the_weights_say(weights: dict[str, float]) -> None:
    for name, weight in weights.items():
        assert share(weights, name) == pytest.approx(weight / sum(weights.values()), abs=0.012)


def test_a_user_keeps_the_variant_and_a_change_of_weights_moves_users_only_to_what_grew() -> None:
    before, after = {"a": 0.5, "b": 0.3, "c": 0.2}, {"a": 0.5, "b": 0.3, "c": 0.4}
    moved = [
        (one, other)
        for user in USERS
        if (one := assign(user, before, salt="x")) != (other := assign(user, after, salt="x"))
    ]
    assert {other for _, other in moved} == {"c"}
    assert len(moved) / len(USERS) == pytest.approx(1 / 3 - 0.2, abs=0.012)  # no more than the shares ask for
    assert [assign(user, after, salt="x") for user in USERS[:50]] == [
        assign(user, dict(reversed(after.items())), salt="x") for user in USERS[:50]
    ]


def test_another_experiment_has_other_groups() -> None:
    weights = {"a": 1.0, "b": 1.0}
    same = sum(assign(user, weights, salt="one") == assign(user, weights, salt="two") for user in USERS)
    assert same / len(USERS) == pytest.approx(0.5, abs=0.012)


def test_a_variant_without_a_weight_serves_nobody() -> None:
    assert {assign(user, {"a": 0, "b": 2}, salt="x") for user in USERS[:200]} == {"b"}


def test_examples_for_other_languages() -> None:
    """docs/statistics.md has them."""
    weights = {"forest": 90.0, "boosting": 10.0}
    found = {user: assign(user, weights, salt="iris-1") for user in ("ann", "bob", "zoë", "user-0", "user-1", "user-4")}
    assert found == EXAMPLES


EXAMPLES = {
    "ann": "forest",
    "bob": "forest",
    "zoë": "forest",
    "user-0": "boosting",
    "user-1": "forest",
    "user-4": "boosting",
}


@pytest.mark.parametrize(
    ("identifier", "weights", "salt"),
    [
        ("u", {}, "x"),
        ("u", {"a": 0}, "x"),
        ("u", {"a": -1, "b": 2}, "x"),
        ("u", {"a": float("nan")}, "x"),
        ("u\0", {"a": 1}, "x"),
    ],
)
def test_what_cannot_be_dealt_out_is_refused(identifier: str, weights: dict[str, float], salt: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        assign(identifier, weights, salt=salt)


def test_a_client_needs_no_numpy_for_it() -> None:
    program = "import sys; import smendpoints.statistics.assignment; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
