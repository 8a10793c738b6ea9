"""What a model says of itself, as this project's container answers `describe=true`. Nothing of it is taken on trust."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SCHEMA = "smendpoints.dev/description/v1"
# A form of more fields than that is no form: a file is.
MOST_FIELDS = 60
_STEPS = 200


@dataclass(frozen=True)
class Feature:
    """A column of the input, with what is known of it in training; `step` is how far a slider moves at once."""

    name: str
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    typical: float | None = None

    @property
    def has_range(self) -> bool:
        """Whether a slider can be made of it."""
        return self.low is not None and self.high is not None and self.low < self.high

    @property
    def step(self) -> float:
        """1, 2 or 5 times a power of ten, so that the range has a hundred steps or more."""
        if self.low is None or self.high is None or not self.high > self.low:
            return 1.0
        wanted = (self.high - self.low) / _STEPS
        power = 10.0 ** math.floor(math.log10(wanted))
        return float(max(each * power for each in (1, 2, 5) if each * power <= wanted * (1 + 1e-9)))

    @property
    def start(self) -> float:
        """Where the form begins: a typical value."""
        known = next((each for each in (self.typical, self.mean, self.low) if each is not None), 0.0)
        return round(known, 12)

    def outside(self, value: float | None) -> bool:
        """Whether training saw nothing like it."""
        return value is not None and self.has_range and not float(self.low or 0) <= value <= float(self.high or 0)


@dataclass(frozen=True)
class Coverage:
    """A confidence level of prediction sets, and the share of held-out rows whose class was in the set."""

    level: float
    measured: float | None = None
    mean_size: float | None = None


@dataclass(frozen=True)
class Description:
    """A model: what it takes, what it answers, how it is explained."""

    model: str
    version: str
    estimator: str
    outputs: str
    features: tuple[Feature, ...]
    classes: tuple[str, ...] = ()
    missing_values: bool = False
    explained: tuple[str, ...] = ()
    levels: tuple[Coverage, ...] = ()
    most_rows: int = 1000
    most_explained: int = 100
    license: str = ""
    trained_on: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.features)

    @property
    def has_form(self) -> bool:
        """Whether there are few enough features for a form."""
        return 0 < len(self.features) <= MOST_FIELDS


def description_of(document: Any) -> Description | None:
    """The description that a container answered; None for anything else, as other containers answer."""
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        return None
    told, limits = _mapping(document.get("description")), _mapping(document.get("limits"))
    ranges = _mapping(_mapping(document.get("baseline")).get("features"))
    features = tuple(
        _feature(each["name"], _mapping(ranges.get(each["name"])))
        for each in _list(told.get("features"))
        if isinstance(each, Mapping) and isinstance(each.get("name"), str)
    )
    if not features:
        return None
    return Description(
        model=str(document.get("model") or ""),
        version=str(document.get("version") or ""),
        estimator=str(told.get("estimator") or "").rpartition(".")[2],
        outputs=str(told.get("outputs") or ""),
        features=features,
        classes=tuple(str(each) for each in _list(told.get("classes"))),
        missing_values=told.get("missing_values") is True,
        explained=tuple(str(each) for each in _list(document.get("explanations"))),
        levels=_levels(_mapping(told.get("conformal"))),
        most_rows=_whole(limits.get("rows"), 1000),
        most_explained=_whole(limits.get("rows_with_explanations"), 100),
        license=str(told.get("license") or ""),
        trained_on=_mapping(told.get("training_data")),
    )


def _feature(name: str, known: Mapping[str, Any]) -> Feature:
    deciles = [number(each) for each in _list(known.get("deciles"))]
    typical = deciles[5] if len(deciles) == 11 else None
    return Feature(name, number(known.get("min")), number(known.get("max")), number(known.get("mean")), typical)


def _levels(conformal: Mapping[str, Any]) -> tuple[Coverage, ...]:
    found = []
    for each in map(_mapping, _list(conformal.get("levels"))):
        level = number(each.get("level"))
        if level is not None and 0 < level < 1:
            found.append(Coverage(level, number(each.get("measured_coverage")), number(each.get("mean_size"))))
    return tuple(sorted(found, key=lambda each: each.level))


def number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _whole(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else otherwise


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
