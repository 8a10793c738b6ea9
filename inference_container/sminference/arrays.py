"""Reads arrays out of files that anybody may have written: .npy files in a zip, as numpy writes them.

Sizes are known before memory is taken, and nothing is ever unpickled. What the numbers mean is for others to check.
"""

import io
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sminference.manifest import ArtifactError

_KINDS = "biufSU"  # booleans, numbers and text; no objects, no records, no dates
_MAX_ENTRIES = 100_000
_MAX_DIMENSIONS = 8
# What zipfile raises for damaged files.
_UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


def entries(content: bytes, where: str, limit: int) -> dict[str, bytes]:
    """The files in a zip by name; raises ArtifactError when it is damaged or takes more than `limit` bytes unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            if len(infos) > _MAX_ENTRIES or len({info.filename for info in infos}) != len(infos):
                raise ArtifactError(f"{where} holds a file twice, or more than {_MAX_ENTRIES} files")
            if (total := sum(info.file_size for info in infos)) > limit:
                raise ArtifactError(f"{where} takes {total} bytes unpacked; at most {limit} are read")
            found = {}
            for info in infos:
                with archive.open(info) as stream:
                    # zipfile gives at most the size that the entry declares, and checks its sum at the end.
                    found[info.filename] = stream.read(info.file_size + 1)
    except _UNREADABLE as error:
        raise ArtifactError(f"{where} can't be read: {error}") from error
    return found


def array(content: bytes, where: str) -> NDArray[Any]:
    """The array in a .npy file: booleans, numbers or text, and as many bytes as its header says, else ArtifactError."""
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, _, dtype = reader(stream)
    except Exception as error:
        # numpy parses the header as a Python literal, which fails in many ways.
        raise ArtifactError(f"{where} can't be read: it is no array as numpy.save writes it") from error
    if dtype.kind not in _KINDS or dtype.names is not None or dtype.subdtype is not None:
        raise ArtifactError(f"{where} can't be read: expected numbers or text, got {_shown(dtype)}")
    if len(shape) > _MAX_DIMENSIONS or any(type(length) is not int or length < 0 for length in shape):
        raise ArtifactError(f"{where} can't be read: expected a shape, got {_shown(shape)}")
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size != len(content) - stream.tell() or (dtype.itemsize == 0 and any(length > 1 for length in shape)):
        raise ArtifactError(f"{where} can't be read: its header speaks of {size} bytes, there are others")
    stream.seek(0)
    found: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return found


def _shown(value: Any) -> str:
    return str(value)[:60]
