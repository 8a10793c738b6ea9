"""Writes an artifact: its files side by side, and model.tar.gz, whose bytes depend on nothing but theirs."""

import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path

from sminference.signature import SIGNATURE

ARCHIVE = "model.tar.gz"


def tar_gz(files: Mapping[str, bytes]) -> bytes:
    """A compressed tar of the files, sorted by name, with no times, owners or names of this machine in it."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def files_of(archive: bytes, names: Collection[str]) -> dict[str, bytes]:
    """Those of the files `names` that a compressed tar holds. Raises tarfile.TarError where it is none."""
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                if name in names and (stream := tar.extractfile(member)) is not None:
                    found[name] = stream.read()
    except (EOFError, OSError, zlib.error) as error:
        raise tarfile.ReadError(str(error)) from error
    return found


def write(files: Mapping[str, bytes], folder: Path) -> Path:
    """Put the files and their archive into `folder`, each whole or not at all; returns the archive's path.

    The signature of an artifact that stood there before goes, since it is none of this one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if SIGNATURE not in files:
        (folder / SIGNATURE).unlink(missing_ok=True)
    for name, content in {**files, ARCHIVE: tar_gz(files)}.items():
        partial = folder / f".{name}.partial"
        with partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(folder / name)
    return folder / ARCHIVE
