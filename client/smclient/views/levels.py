"""What a metric is, and by how much two differ, as people read it: percentages, means, points. Pure."""


def percent(value: float | None, none: str = "-", unit: str = "%") -> str:
    """A percentage; `none` where there is none."""
    return none if value is None else f"{value:.3g}{unit}"


def level(value: float | None, none: str = "-", unit: str = "%", *, mean: bool) -> str:
    """What a metric is: a percentage, or a mean."""
    return percent(value, none, unit) if not mean else none if value is None else f"{value:.4g}"


def points(difference: float | None, none: str = "-") -> str:
    """A difference of percentages or means, with its sign; what a float has beside zero is none."""
    if difference is None:
        return none
    return f"{difference:+.3g}" if abs(difference) >= 5e-7 else "0"
