"""The report on models: its figures against plain computations on the rows that were counted, and nothing made up of nothing."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from smendpoints.statistics.answers import Answers, Latencies, Reliability
from smendpoints.statistics.drift import Bins, stability_index
from smendpoints.statistics.illustrated import illustrated
from smendpoints.statistics.models import calibration_error, compare, disagreement, percentiles
from smendpoints.statistics.render import text
from sminference.drift import Drift

CLASSES = ("setosa", "versicolor")


def answered(seed: int, rows: int = 4000) -> tuple[Answers, np.ndarray, np.ndarray]:
    """Answers counted from rows, with the probability of each predicted class and whether it was right (the truth of three in four is known)."""
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.5, 1.0, rows)
    right = rng.uniform(size=rows) < sure - 0.1
    known = rng.uniform(size=rows) < 0.75
    bins = np.minimum((sure * 10).astype(int), 9)

    def count(weights: np.ndarray) -> np.ndarray:
        return np.bincount(bins, weights, 10)

    said, true = rng.integers(0, 2, rows), np.zeros(rows, int)
    true = np.where(right, said, 1 - said)
    confusion = np.zeros((2, 2), int)
    np.add.at(confusion, (true[known], said[known]), 1)
    answers = Answers(
        requests=rows + 40,
        errors=40,
        refused=4,
        captured=rows,
        latencies=Latencies(np.array([0, 5, 10, 20, 40, np.inf]), np.array([0, 2000, 1000, 800, 200])),
        predicted={name: int((said == k).sum()) for k, name in enumerate(CLASSES)},
        reliability=Reliability(
            count(np.ones(rows)), count(sure), count(known), count(sure * known), count(right & known)
        ),
        classes=CLASSES,
        confusion=confusion,
        inputs={"petal length": rng.multinomial(rows, np.full(10, 0.1))},
        training={"petal length": np.full(10, 0.1)},
    )
    return answers, sure[known], right[known]


def test_each_figure_is_that_of_the_rows() -> None:
    answers, sure, right = answered(1)
    found = compare({"forest": answers}).models["forest"]
    assert found.error_rate == pytest.approx(40 / 4040)
    assert found.refused_rate == pytest.approx(4 / 4040)
    assert found.known == len(sure)
    assert found.calibration is not None
    assert sum(each.known for each in found.calibration) == found.known
    assert sum(each.known * each.right for each in found.calibration) == pytest.approx(right.sum())
    assert found.accuracy == pytest.approx(right.mean())
    bins = np.minimum((sure * 10).astype(int), 9)
    distance = sum(abs(sure[bins == k].mean() - right[bins == k].mean()) * (bins == k).mean() for k in range(5, 10))
    assert found.calibration_error == pytest.approx(distance)
    assert found.calibration_error == pytest.approx(0.1, abs=0.03)
    assert found.confidence == pytest.approx(0.75, abs=0.01)
    assert found.classes is not None
    assert sum(found.classes.values()) == pytest.approx(1)
    assert found.confusion is not None
    assert sum(sum(row.values()) for row in found.confusion.values()) == len(sure)
    assert sum(found.confusion[name][name] for name in CLASSES) == right.sum()
    assert found.drift is not None
    assert 0 <= found.drift["petal length"] < 0.02


def test_percentiles_lie_where_they_do_in_the_rows() -> None:
    values = np.random.default_rng(2).lognormal(3, 0.6, 50_000)
    edges = np.concatenate([np.arange(0, 200, 2.0), [np.inf]])
    found = percentiles(Latencies(edges, np.histogram(values, edges)[0]))
    assert found is not None
    for each in (50, 90, 99):
        assert found[f"p{each}"] == pytest.approx(np.quantile(values, each / 100), abs=1.0)
    assert percentiles(Latencies(np.array([0.0, 10.0, np.inf]), np.array([1, 99])), (50,)) == {"p50": 10.0}
    assert percentiles(Latencies(np.array([0.0, 10.0]), np.array([0]))) is None
    assert percentiles(Latencies(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0, 0, 4])), (0, 100)) == {
        "p0": 0.0,
        "p100": 3.0,
    }


def test_drift_is_zero_for_the_training_data_and_large_for_another() -> None:
    training = np.full(10, 0.1)
    assert stability_index(np.full(10, 100), training) == pytest.approx(0)
    moved = stability_index(np.array([0, 0, 0, 0, 0, 100, 100, 200, 300, 300]), training)
    assert moved is not None
    assert moved > 0.25
    assert stability_index(np.full(10, 19), training) is None
    with pytest.raises(ValueError, match="bins differ"):
        stability_index(np.full(9, 100), training)


def test_disagreement_is_what_stands_beside_the_diagonal() -> None:
    answers, *_ = answered(3)
    report = compare({"forest": answers, "boosting": answers}, pairs={("forest", "boosting"): [[90, 4], [6, 100]]})
    found = report.disagreement["forest / boosting"]
    assert found.inputs == 200
    assert found.share == pytest.approx(0.05)
    assert found.answers["setosa"]["versicolor"] == 4
    assert disagreement(np.zeros((2, 2))) is None
    assert compare({"a": answers, "b": answers}, pairs={("a", "b"): [[0, 0], [0, 0]]}).disagreement == {}


def test_what_was_not_counted_is_none_and_a_hyphen() -> None:
    report = compare({"new": Answers(requests=0), "old": Answers(requests=10, errors=1)})
    new = report.models["new"]
    assert {name for name, value in vars(new).items() if value is not None} == {"requests", "known"}
    lines = text(report).splitlines()
    assert lines[0].split() == ["new", "old"]
    assert lines[1].split() == ["requests", "0", "10"]
    assert lines[2].split() == ["error", "rate", "(5xx)", "-", "10.000%"]
    assert len(lines) == 3
    assert calibration_error([0], [0], [0]) is None


def test_the_report_is_text_and_a_page_with_the_same_figures() -> None:
    answers, *_ = answered(4)
    report = compare(
        {"forest": answers, "boosting": answered(5)[0]}, pairs={("forest", "boosting"): [[90, 4], [6, 100]]}
    )
    shown, page = text(report), illustrated(report, "ml/<iris>", ["Since noon."], ["nothing & more"])
    for expected in (
        "latency p99 (ms)",
        "accuracy",
        "Predicted classes\n  setosa",
        "Drift against training (stability index)\n  petal length",
        "  forest / boosting                       5.0%          of 200",
        "Confusion of boosting (rows true, columns predicted)",
        "The same inputs by forest (rows) and boosting (columns)",
    ):
        assert expected in shown
    for title in ("Latency of the model", "Predicted classes", "Calibration", "Confusion of forest", "Drift against"):
        assert f"<h2>{title}" in page
    assert page.count("<svg") == page.count("<figure>") == page.count('<div class="looks"><div class="wide"')
    for figure in ("0.990%", "5.0% of 200 inputs", "<td>setosa</td><td>90</td><td>4</td>", "10.0"):
        assert figure in page
    assert "ml/&lt;iris&gt;" in page
    assert "nothing &amp; more" in page


def test_a_page_of_hostile_names_runs_nothing_and_loads_nothing() -> None:
    evil = '"><script>alert(1)</script><img src=//evil onerror=x>'
    classes = (evil, "b")
    one = Answers(
        requests=3,
        predicted={evil: 2, "b": 1},
        classes=classes,
        confusion=np.eye(2),
        inputs={evil: np.full(2, 500)},
        training={evil: np.full(2, 0.5)},
    )
    page = illustrated(compare({evil: one}), evil, [evil], [evil])
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|img|link|iframe)|\bon\w+=[^x]|https?://(?!www\.w3\.org/2000/svg)", page)
    assert 'style="' not in page


def test_bins_of_deciles_give_the_index_that_the_container_publishes() -> None:
    rng = np.random.default_rng(6)
    for training in (
        rng.normal(size=500),
        rng.integers(0, 4, 500).astype(float),
        np.ones(500),
        rng.choice([0, 9.5], 500),
    ):
        deciles = np.quantile(training, np.linspace(0, 1, 11)).tolist()
        theirs = Drift.from_baseline({"features": {"a": {"deciles": deciles}}}, ["a"])
        bins = Bins.of_deciles(deciles)
        assert bins is not None
        for seen in (training, training + 0.5, rng.choice(training, 300), np.append(training, np.nan)):
            index = stability_index(bins.count(seen), bins.expected)
            assert {"a": index} == theirs.index(theirs.count(seen[:, None]))
    assert Bins.of_deciles([1.0] * 10) is None
    assert Bins.of_deciles([2.0] + [1.0] * 10) is None
    assert Bins.of_deciles([float("nan")] * 11) is None


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Answers(requests=1, errors=2),
        lambda: Answers(requests=-1),
        lambda: Answers(requests=1, classes=CLASSES, confusion=np.zeros((3, 3))),
        lambda: Latencies(np.array([0.0, 0.0]), np.array([1])),
        lambda: Latencies(np.array([0.0, 1.0]), np.array([1, 2])),
        lambda: Latencies(np.array([0.0, 1.0]), np.array([-1])),
        lambda: Reliability(*(np.array([float(k)]) for k in (1, 0.5, 2, 0.5, 1))),
        lambda: Reliability(*(np.array([float(k)]) for k in (2, 0.5, 1, 0.5, 2))),
        lambda: Reliability(*(np.array([float(k)]) for k in (1, 1.5, 1, 0.5, 1))),
        lambda: Reliability(*(np.ones(k) for k in (1, 2, 1, 1, 1))),
        lambda: compare({"a": Answers(requests=1)}, pairs={("a", "b"): [[1]]}),
        lambda: compare({"a": Answers(requests=1), "b": Answers(requests=1)}, pairs={("a", "b"): [[1, 2]]}),
        lambda: Answers(requests=1, refused=2),
    ],
)
def test_counts_that_contradict_each_other_are_refused(broken: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        broken()
