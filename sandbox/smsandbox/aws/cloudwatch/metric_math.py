"""CloudWatch metric math: arithmetic and the common functions over series of datapoints. Not the whole grammar
(no SEARCH, no anomaly bands, no SQL).

A series is a mapping of period number to value; an expression gives a series, or a plain number.
"""

from __future__ import annotations

import ast
import itertools
import math
import operator
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Points = dict[int, float]
Value = float | Points | list[Points]

_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_ROUNDINGS: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": lambda value: float(math.ceil(value)),
    "FLOOR": lambda value: float(math.floor(value)),
}
_FOLDS: dict[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "AVG": lambda values: math.fsum(values) / len(values),
    "MIN": min,
    "MAX": max,
    "STDDEV": lambda values: math.sqrt(
        math.fsum((value - math.fsum(values) / len(values)) ** 2 for value in values) / len(values)
    ),
}


class MetricMathError(ValueError):
    """The expression can't be read, or names something that is not there."""


def names_in(expression: str) -> set[str]:
    """The ids of other queries that an expression refers to."""
    return {
        node.id for node in ast.walk(_parse(expression)) if isinstance(node, ast.Name) and node.id not in _FUNCTIONS
    }


def evaluate(expression: str, series: Mapping[str, Points], period: float, numbers: Sequence[int]) -> Points:
    """The points of an expression over `series`. `period` is in AWS seconds; `numbers` are the periods that FILL fills.

    Raises:
        MetricMathError: it can't be read, or yields no series.
    """
    value = _Evaluator(series, period, numbers).value(_parse(expression).body)
    if isinstance(value, list):
        raise MetricMathError(
            f"The expression {expression} yields several series: reduce them with SUM, AVG, MIN or MAX."
        )
    if isinstance(value, float):
        return dict.fromkeys(numbers, value)
    return value


def _parse(expression: str) -> ast.Expression:
    python = re.sub(r"&&", " and ", re.sub(r"\|\|", " or ", expression.strip())).replace("^", "**")
    python = re.sub(r"\bIF\s*\(", "IF_(", python)
    try:
        return ast.parse(python, mode="eval")
    except SyntaxError as error:
        raise MetricMathError(f"Error in expression '{expression}' [Invalid syntax]") from error


class _Evaluator:
    def __init__(self, series: Mapping[str, Points], period: float, numbers: Sequence[int]) -> None:
        self._series = series
        self._period = period
        self._numbers = numbers

    def value(self, node: ast.expr) -> Value:  # noqa: C901 - one case per kind of node
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                if name not in self._series:
                    raise MetricMathError(f"Error in expression: undefined variable {name}")
                return self._series[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _combine(operator.mul, -1.0, self.value(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return _combine(_ARITHMETIC[type(op)], self.value(left), self.value(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
                compare = _COMPARISONS[type(op)]
                return _combine(lambda a, b: float(compare(a, b)), self.value(left), self.value(right))
            case ast.BoolOp(op=op, values=values):
                every = isinstance(op, ast.And)
                result = self.value(values[0])
                for other in values[1:]:
                    result = _combine(
                        lambda a, b: float(bool(a) and bool(b)) if every else float(bool(a) or bool(b)),
                        result,
                        self.value(other),
                    )
                return result
            case ast.List(elts=elements):
                return [_points(self.value(element)) for element in elements]
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in _FUNCTIONS:
                return self._call(name, arguments)
        raise MetricMathError(f"Error in expression: {ast.unparse(node)} is not supported by metric math here")

    def _call(self, name: str, arguments: list[ast.expr]) -> Value:
        if name in _FOLDS:
            return self._fold(_FOLDS[name], self._one(name, arguments))
        match name, arguments:
            case "METRICS", []:
                return list(self._series.values())
            case "PERIOD", [_]:
                return self._period
            case "ABS" | "CEIL" | "FLOOR", [argument]:
                return _combine(lambda a, _: _ROUNDINGS[name](a), self.value(argument), 0.0)
            case "FILL", [argument, filler]:
                return self._fill(_points(self.value(argument)), filler)
            case "RATE", [argument]:
                return _rate(_points(self.value(argument)), self._period)
            case "RUNNING_SUM", [argument]:
                return _running_sum(_points(self.value(argument)))
            case "IF_", [condition, then, *otherwise] if len(otherwise) <= 1:
                return self._choose(condition, then, otherwise[0] if otherwise else None)
        raise MetricMathError(f"Error in expression: wrong arguments for {name.rstrip('_')}")

    def _one(self, name: str, arguments: list[ast.expr]) -> Value:
        if len(arguments) != 1:
            raise MetricMathError(f"Error in expression: {name} takes one argument, a series or a list of series")
        return self.value(arguments[0])

    @staticmethod
    def _fold(fold: Callable[[list[float]], float], value: Value) -> Value:
        if isinstance(value, float):
            return value
        if isinstance(value, dict):
            return fold(list(value.values())) if value else {}
        numbers = sorted({number for points in value for number in points})
        return {number: fold([points[number] for points in value if number in points]) for number in numbers}

    def _fill(self, points: Points, filler: ast.expr) -> Points:
        numbers = sorted({*self._numbers, *points})
        if isinstance(filler, ast.Name) and filler.id == "REPEAT":
            filled, last = dict(points), None
            for number in numbers:
                last = points.get(number, last)
                if last is not None:
                    filled[number] = last
            return filled
        value = self.value(filler)
        others = (
            value if isinstance(value, dict) else dict.fromkeys(numbers, value if isinstance(value, float) else 0.0)
        )
        return {number: points.get(number, others.get(number, 0.0)) for number in numbers}

    def _choose(self, condition: ast.expr, then: ast.expr, otherwise: ast.expr | None) -> Value:
        test, yes = self.value(condition), self.value(then)
        no: Value = self.value(otherwise) if otherwise is not None else {}
        if isinstance(test, float):
            return yes if test else no
        chosen: Points = {}
        for number, holds in _points(test).items():
            branch = yes if holds else no
            if isinstance(branch, float):
                chosen[number] = branch
            elif number in (points := _points(branch)):
                chosen[number] = points[number]
        return chosen


_FUNCTIONS = {
    *_FOLDS, "METRICS", "PERIOD", "ABS", "CEIL", "FLOOR", "FILL", "RATE", "RUNNING_SUM", "IF_", "REPEAT", "LINEAR",
}  # fmt: skip


def _points(value: Value) -> Points:
    if isinstance(value, dict):
        return value
    raise MetricMathError("Error in expression: a series is needed where a number or a list stands")


def _combine(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """`function` point by point; a point that one side lacks, or a division by zero, is missing in the result."""
    if isinstance(left, list) or isinstance(right, list):
        raise MetricMathError("Error in expression: arithmetic needs series or numbers, not lists")
    if isinstance(left, float) and isinstance(right, float):
        return function(left, right)
    numbers = (
        left.keys() & right.keys()
        if isinstance(left, dict) and isinstance(right, dict)
        else set(
            left if isinstance(left, dict) else right  # type: ignore[arg-type]
        )
    )
    result: Points = {}
    for number in sorted(numbers):
        try:
            result[number] = function(
                left[number] if isinstance(left, dict) else left, right[number] if isinstance(right, dict) else right
            )
        except ZeroDivisionError:
            continue
    return result


def _rate(points: Points, period: float) -> Points:
    numbers = sorted(points)
    return {
        number: (points[number] - points[before]) / ((number - before) * period)
        for before, number in itertools.pairwise(numbers)
    }


def _running_sum(points: Points) -> Points:
    total, sums = 0.0, {}
    for number in sorted(points):
        total += points[number]
        sums[number] = total
    return sums
