"""Request bodies to a float64 matrix, strictly: what is not a finite number in its place is refused with that place.

Every parser has a fast way through C code for bodies that hold numbers and nothing else, and a slow one that finds
the first wrong value for the error. The slow one decides; the fast one only ever says yes to what it would accept.
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import orjson

from sminference.csvhead import UNSEEN, order_of
from sminference.errors import RequestError, shown
from sminference.formats import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

_NUMERIC_JSON = b"0123456789+-.eE, \n\r\t[]"
# What is left of {"instances": [numbers]} and of [numbers] without the characters above (the e of "instances" is one).
_LEFT_OF_NUMBERS = frozenset({b'{"instancs":}', b""})
_NUMERIC_CSV = b"0123456789+-.eE, \n\r\t"
# Those of str.splitlines that no CSV writer uses would make two rows of one.
_LINE_END = re.compile(r"\r\n|\n|\r")
_MISSING = frozenset({"", "nan"})  # as pandas and numpy write a value that is missing
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Shape:
    """What a matrix must look like: the names of its columns, the largest magnitude of its values, the most rows, and
    whether values may be missing, as NaN then: null in JSON, nothing or nan in CSV, NaN in an array.

    Trees compute in float32, where a number beyond 3.4e38 would be an infinity: hence the limit.
    """

    features: tuple[str, ...]
    max_rows: int
    limit: float = float(np.finfo(np.float32).max)
    missing: bool = False

    @property
    def width(self) -> int:
        return len(self.features)


def parse(body: bytes, form: Format, shape: Shape, *, header: bool | None = None) -> Matrix:
    """The rows of a request body, shape (rows, features), all finite and within the limit.

    Raises:
        RequestError: 400 with the place and the expectation, 413 for too many rows.
    """
    if form is Format.JSON:
        return parse_json(body, shape)
    if form is Format.CSV:
        return parse_csv(body, shape, header=header)
    if form is Format.NPY:
        return parse_npy(body, shape)
    return parse_json_lines(body, shape)


def parse_json(body: bytes, shape: Shape) -> Matrix:
    """`{"instances": [[...], ...]}` or `[[...], ...]`."""
    value = _loads(body, "body")
    rows = value.get("instances") if type(value) is dict else value
    if type(rows) is list and body.translate(None, _NUMERIC_JSON) in _LEFT_OF_NUMBERS:
        _check_count(len(rows), shape)
        matrix = _matrix(rows, shape)
        if matrix is not None:
            return matrix
    return _slow_json(value, shape)


def parse_json_lines(body: bytes, shape: Shape) -> Matrix:
    """One row a line: `[...]` or `{"features": [...]}`. Blank lines don't count."""
    rows: list[Any] = []
    places: list[str] = []
    for number, line in enumerate(body.split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"line {number}"
        value = _loads(line, place)
        if type(value) is dict:
            if "features" not in value:
                raise RequestError(400, f'{place}: expected [numbers] or {{"features": [numbers]}}, got {shown(value)}')
            value, place = value["features"], f"{place}, features"
        rows.append(value)
        places.append(place)
        _check_count(len(rows), shape)
    if not rows:
        raise RequestError(400, f"body: expected at least one line with a list of {_numbers(shape)}, got none")
    return _checked(rows, places, shape)


def parse_csv(body: bytes, shape: Shape, *, header: bool | None = None) -> Matrix:
    """One row a line, no quotes needed; a first line that spells the feature names is a header, said or not, and says
    which column is which.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(
            400, f"body: expected UTF-8 text, got byte {body[error.start]:#04x} at {error.start}"
        ) from None
    # As spreadsheets begin what they call UTF-8.
    text = text.removeprefix("\ufeff")
    lines = [(number, line) for number, line in enumerate(_LINE_END.split(text), start=1) if line.strip()]
    order = order_of(lines[0][1], shape.features, said=header) if lines else None
    matrix = _csv_matrix(body, lines if order is None else lines[1:], shape)
    return matrix if order is None or order == list(range(shape.width)) else matrix[:, order].copy()


def _csv_matrix(body: bytes, lines: list[tuple[int, str]], shape: Shape) -> Matrix:
    if not lines:
        raise RequestError(400, f"body: expected at least one line of {_numbers(shape)}, got none")
    _check_count(len(lines), shape)
    if not body.translate(None, _NUMERIC_CSV):
        try:
            matrix = _matrix([[float(cell) for cell in line.split(",")] for _, line in lines], shape)
        except ValueError:
            matrix = None
        if matrix is not None:
            return matrix
    return np.array([_csv_row(line, number, shape) for number, line in lines], dtype=np.float64)


def parse_npy(body: bytes, shape: Shape) -> Matrix:
    """An array as numpy.save writes it; integers and floats of any size, no objects, so no pickle."""
    stream = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(stream)
        reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        dimensions, fortran, dtype = reader(stream)
    except Exception:  # noqa: BLE001 - numpy parses the header as a Python literal, which fails in many ways
        raise RequestError(400, "body: expected an array as numpy.save writes it (format 1.0 or 2.0)") from None
    if dtype.kind not in "fiu" or dtype.itemsize > 8:
        raise RequestError(400, f"body: expected an array of floats or integers of at most 64 bits, got dtype {dtype}")
    # True is a dimension to numpy's reader, and none to its reshape.
    if [type(length) for length in dimensions] != [int, int] or dimensions[1] != shape.width:
        raise RequestError(
            400, f"body: expected an array of shape (rows, {shape.width}), got shape {shown(dimensions)}"
        )
    if dimensions[0] < 1:
        raise RequestError(400, "body: expected at least one row, got none")
    _check_count(dimensions[0], shape)
    start, expected = stream.tell(), dimensions[0] * dimensions[1] * dtype.itemsize
    if len(body) - start != expected:
        raise RequestError(400, f"body: expected {expected} bytes of data after the header, got {len(body) - start}")
    flat = np.frombuffer(body, dtype=dtype, offset=start)
    matrix = flat.reshape(dimensions, order="F" if fortran else "C").astype(np.float64, order="C")
    wrong = ~(np.abs(matrix) <= shape.limit)
    if shape.missing:
        wrong &= ~np.isnan(matrix)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        _refuse_number(f"array[{row}][{column}]", float(matrix[row, column]), shape)
    return matrix


def _loads(body: bytes, place: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if not body.strip():
            raise RequestError(400, f"{place}: expected JSON, got nothing") from None
        hint = "; NaN and Infinity are not JSON numbers" if re.search(rb"\b(NaN|Infinity)\b", body) else ""
        raise RequestError(400, f"{place}: expected valid JSON: {error}{hint}") from None


def _matrix(rows: Sequence[Any], shape: Shape) -> Matrix | None:
    """The rows as a matrix, or None when one of them is not right. Only for rows known to hold nothing but numbers."""
    try:
        matrix = np.array(rows, dtype=np.float64)
    except (ValueError, OverflowError, TypeError):
        return None
    if matrix.ndim != 2 or matrix.shape[1] != shape.width or not matrix.size:
        return None
    # A NaN makes the comparison false too.
    return matrix if np.abs(matrix).max() <= shape.limit else None


def _slow_json(value: Any, shape: Shape) -> Matrix:
    example = f'{{"instances": [[{", ".join(["number"] * min(shape.width, 4))}{", ..." * (shape.width > 4)}], ...]}}'
    if isinstance(value, dict):
        if "instances" not in value:
            keys = ", ".join(shown(key) for key in list(value)[:5])
            raise RequestError(400, f'body: expected the key "instances" ({example}), got {keys or "no keys"}')
        rows, name = value["instances"], "instances"
    else:
        rows, name = value, "instances"
        if not isinstance(rows, list):
            raise RequestError(400, f"body: expected {example}, got {shown(value)}")
    if not isinstance(rows, list):
        raise RequestError(400, f"{name}: expected a list of rows of {_numbers(shape)}, got {shown(rows)}")
    if not rows:
        raise RequestError(400, f"{name}: expected at least one row of {_numbers(shape)}, got []")
    _check_count(len(rows), shape)
    return _checked(rows, [], shape)


def _checked(rows: list[Any], places: list[str], shape: Shape) -> Matrix:
    """The rows as a matrix after every value was looked at; `places` name the rows, `instances[i]` where empty."""
    for index, row in enumerate(rows):
        place = places[index] if places else f"instances[{index}]"
        if type(row) is not list:
            raise RequestError(400, f"{place}: expected a list of {_numbers(shape)}, got {shown(row)}")
        for column, value in enumerate(row[: shape.width]):
            if value is None and shape.missing:
                continue
            if type(value) is not float and type(value) is not int:
                raise RequestError(400, f"{place}[{column}]: expected {_one(shape)}, got {shown(value)}")
            if not -shape.limit <= value <= shape.limit:
                _refuse_number(f"{place}[{column}]", value, shape)
        if len(row) != shape.width:
            raise RequestError(400, f"{place}: expected {_numbers(shape)}, got {len(row)}")
    return np.array(rows, dtype=np.float64)


def _csv_row(line: str, number: int, shape: Shape) -> list[float]:
    cells = [cell.strip(UNSEEN) for cell in line.split(",")]
    row = []
    for column, cell in enumerate(cells[: shape.width], start=1):
        place = f"line {number}, column {column}"
        bare = cell[1:-1].strip(UNSEEN) if len(cell) >= 2 and cell[0] == cell[-1] == '"' else cell
        # float() alone would take "nan", "1_000" and the digits of every script.
        if shape.missing and bare.lower() in _MISSING:
            row.append(math.nan)
            continue
        if not (bare.isascii() and _NUMBER.fullmatch(bare)):
            # What is not seen within it, a space that does not break say, is told by its number.
            seen = "".join(mark if mark.isprintable() or mark < " " else ascii(mark)[1:-1] for mark in cell)
            raise RequestError(400, f"{place}: expected {_one(shape)}, got {shown(seen)}")
        value = float(bare)
        if not -shape.limit <= value <= shape.limit:
            _refuse_number(place, value, shape)
        row.append(value)
    if len(cells) != shape.width:
        raise RequestError(400, f"line {number}: expected {_numbers(shape)}, got {len(cells)}")
    return row


def _refuse_number(place: str, value: float, shape: Shape) -> NoReturn:
    got = shown(value) if math.isfinite(value) else str(value)
    raise RequestError(
        400, f"{place}: expected a finite number from -{shape.limit:.4g} to {shape.limit:.4g}, got {got}"
    )


def _check_count(count: int, shape: Shape) -> None:
    if count > shape.max_rows:
        raise RequestError(
            413, f"body: expected at most {shape.max_rows} rows, got more; send them in several requests"
        )


def _one(shape: Shape) -> str:
    return "a number, or null where it is missing" if shape.missing else "a number"


def _numbers(shape: Shape) -> str:
    names = ", ".join(shape.features) if shape.width <= 6 else ""
    return f"{shape.width} number{'s' * (shape.width != 1)}" + (f" ({names})" if names else "")
