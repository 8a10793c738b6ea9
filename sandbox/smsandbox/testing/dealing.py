"""A plugin of pytest: which worker of xdist runs which tests, and in which order; all are busy to the end.

Tests are dealt out in units: a file, whose fixtures are then made once; but a long file in virtual time test by test,
and the files that share one API server together. Tests with real processes wait for most of their time and the others
compute: the two kinds take turns, so that there are more workers than cores, and the longest of each kind come first.

How long each file takes is recorded in `tests/seconds.json`, by `pytest --record-seconds` (a hint, as of one machine).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_WAITING = ("tests/integration/", "tests/controlplane/", "tests/chart/test_install.py")
_ONE_API_SERVER = "tests/integration/test_api_"
_VIRTUAL = "tests/property/"
_LONG_SECONDS = 20.0
_UNKNOWN_SECONDS = 5.0


def unit(test: str, seconds: Mapping[str, float]) -> str:
    """What a test is dealt out with."""
    file = test.partition("::")[0]
    if file.startswith(_ONE_API_SERVER):
        return _ONE_API_SERVER
    return test if file.startswith(_VIRTUAL) and seconds.get(file, 0.0) >= _LONG_SECONDS else file


def order(files: Iterable[str], seconds: Mapping[str, float]) -> list[str]:
    """Files in the order in which they are begun."""
    units: dict[str, list[str]] = defaultdict(list)
    for file in files:
        units[_ONE_API_SERVER if file.startswith(_ONE_API_SERVER) else file].append(file)
    weights = {each: sum(seconds.get(file, _UNKNOWN_SECONDS) for file in of) for each, of in units.items()}
    begins: dict[str, float] = {}
    for kind in (True, False):
        mine = sorted((each for each in units if each.startswith(_WAITING) == kind), key=lambda each: -weights[each])
        total = sum(weights[each] for each in mine) or 1.0  # of files that take no second
        done = 0.0
        for each in mine:
            begins[each] = done / total
            done += weights[each]
    return [file for each in sorted(units, key=lambda each: begins[each]) for file in units[each]]


class Dealing(LoadScopeScheduling):  # type: ignore[misc]
    """Deals out `unit`s in the order of the collection."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)
        self._seconds = _recorded(config)

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid, self._seconds)


def _path(config: pytest.Config) -> Path:
    return config.rootpath / "tests" / "seconds.json"


def _recorded(config: pytest.Config) -> dict[str, float]:
    path = _path(config)
    return json.loads(path.read_text()) if path.exists() else {}


def pytest_addoption(parser: pytest.Parser) -> None:
    """How the seconds come about."""
    parser.addoption("--record-seconds", action="store_true", help="write how long each file took")


def pytest_configure(config: pytest.Config) -> None:
    """Measure, where it was asked for."""
    if config.option.record_seconds and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Clock(config))


class _Clock:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid.partition("::")[0]] += report.duration

    def pytest_sessionfinish(self) -> None:
        told = _recorded(self._config) | {file: round(taken) for file, taken in self._seconds.items()}
        there = {file: taken for file, taken in sorted(told.items()) if (self._config.rootpath / file).exists()}
        _path(self._config).write_text(json.dumps(there, indent=1) + "\n")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Dealing:
    """Instead of what `--dist` names."""
    return Dealing(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The order, the same in each worker; without workers it stays as it was."""
    if not hasattr(config, "workerinput"):
        return
    files = list(dict.fromkeys(item.nodeid.partition("::")[0] for item in items))
    places = {file: place for place, file in enumerate(order(files, _recorded(config)))}
    items.sort(key=lambda item: places[item.nodeid.partition("::")[0]])
