"""The statistics on trial, at length: `make bench-statistics` prints the tables of docs/statistics.md.

    python -m bench.statistics.run [--runs 20000] [--seed 1] [--only validity means power rare planned peers rollouts]

Nothing is asserted here; tests/unit/statistics has short runs that are.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
from bench.statistics import peers, power, rollouts, validity

TABLES: dict[str, tuple[str, Callable[[int, np.random.Generator], Iterator[tuple[str, ...]]], tuple[str, ...]]] = {
    "validity": (
        "Equals told apart, looking after every batch (alpha 5 %; of the split 0.1 %)",
        validity.rows,
        (
            "rate",
            "batch",
            "looks",
            "split",
            "no difference",
            "difference of half the rate",
            "split called broken",
            "z-test, peeking",
        ),
    ),
    "means": ("Means (alpha 5 %)", validity.means_rows, ("measure", "burn-in", "told apart")),
    "power": (
        "Requests for 80 % power, one side at 2.5 %: multiples of the z-test's",
        power.rows,
        ("rates", "split", "z-test", "ours", "tuned to 4 times", "to 16 times", "normal mixture"),
    ),
    "rare": ("Rare events: multiples of the exact test's", power.rare_rows, ("rates", "exact test", "events", "ours")),
    "planned": (
        "What planning promises at 80 %",
        power.planned_rows,
        ("a minute", "minutes", "rate", "share", "smallest difference", "seen"),
    ),
    "peers": (
        f"Rollbacks within an hour (limit {peers.LIMIT:.0%})",
        peers.rows,
        (
            "traffic",
            "a minute",
            "Argo, failureLimit 0",
            "Argo, failureLimit 3",
            "Flagger, threshold 5",
            "z-test, peeking",
            "ours",
        ),
    ),
    "rollouts": (
        f"From the edit to the verdict (canary of {rollouts.SHARE:.0%}, {rollouts.BASE:.1%} of errors before)",
        rollouts.rows,
        (
            "worse by",
            "a minute",
            *(f"margin {100 * each:g}" for each in rollouts.MARGINS),
            "alarm above 1 %",
            "alarm above 5 %",
        ),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES))
    given = parser.parse_args()
    for name in given.only:
        title, rows, header = TABLES[name]
        started = time.monotonic()
        print(f"\n**{title}** ({given.runs:,} runs a row)\n\n| {' | '.join(header)} |\n|{' --- |' * len(header)}")
        for row in rows(given.runs, np.random.default_rng(given.seed)):
            print(f"| {' | '.join(row)} |", flush=True)
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
