"""The loaded models of a multi-model container: by name, within a bound of memory, least recently used goes first.

One process holds them, so that a model loaded by one request is there for the next, and takes its memory once.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sminference.artifact import ArtifactError, load
from sminference.errors import RequestError, shown
from sminference.served import Served

if TYPE_CHECKING:
    from collections.abc import Callable

    from sminference.config import Settings
    from sminference.model import Model

log = logging.getLogger(__name__)

_PAGE = 100
_MAX_NAME = 1024


@dataclass(frozen=True)
class Loaded:
    """A model under the name that the platform gave it. `size` is in bytes."""

    name: str
    url: str
    served: Served
    size: int

    def describe(self) -> dict[str, str]:
        """As SageMaker lists models."""
        return {"modelName": self.name, "modelUrl": self.url}


@dataclass(frozen=True)
class _Loading:
    """Holds the name and the memory of a model that is being loaded."""

    size: int


class Repository:
    """Loads, finds and unloads models. Safe to use from several threads; loading one holds up no other."""

    def __init__(self, settings: Settings, reader: Callable[[Path], tuple[Model, int]] | None = None) -> None:
        self._settings = settings
        self._read = reader or self._read_artifact
        self._models: OrderedDict[str, Loaded | _Loading] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, name: str, url: str) -> Loaded:
        """Loads the artifact in the folder `url`.

        Raises:
            RequestError: 400 for a wrong name or url or a bad artifact, 409 when the name is taken, 507 without memory.
        """
        folder = self._folder(name, url)
        self._reserve(name, size_on_disk(folder))
        try:
            model, size = self._read(folder)
            loaded = Loaded(name, url, Served(model, self._settings), size)
            with self._lock:
                self._make_room(name, size)
                self._models[name] = loaded
        except ArtifactError as error:
            raise RequestError(400, f"url: {error}") from error
        except MemoryError:
            raise RequestError(507, f"models: no memory to load {shown(name)}") from None
        finally:
            with self._lock:
                if isinstance(self._models.get(name), _Loading):
                    del self._models[name]
        log.info("loaded %s as %s, %d bytes", loaded.served.label, shown(name), size)
        return loaded

    def get(self, name: str) -> Loaded:
        """The model of that name, which is then the most recently used. Raises RequestError, 404, without one."""
        with self._lock:
            found = self._models.get(name)
            if not isinstance(found, Loaded):
                raise RequestError(404, f"models: {shown(name)} is not loaded; load it with POST /models")
            self._models.move_to_end(name)
            return found

    def unload(self, name: str) -> None:
        """Forgets a model; requests that it is answering are finished. Raises RequestError, 404, without one."""
        self.get(name)
        with self._lock:
            if self._models.pop(name, None) is None:
                raise RequestError(404, f"models: {shown(name)} is not loaded")
        log.info("unloaded %s", shown(name))

    def page(self, token: str | None) -> tuple[list[Loaded], str | None]:
        """At most 100 models in the order of their names, after the one that `token` names; and the next token."""
        with self._lock:
            models = [model for model in self._models.values() if isinstance(model, Loaded)]
        models.sort(key=lambda model: model.name)
        rest = [model for model in models if token is None or model.name > token]
        return rest[:_PAGE], (rest[_PAGE - 1].name if len(rest) > _PAGE else None)

    def _folder(self, name: str, url: str) -> Path:
        if not 0 < len(name) <= _MAX_NAME:
            raise RequestError(400, f"model_name: expected 1 to {_MAX_NAME} characters, got {len(name)}")
        if name.startswith("/") or not name.isprintable():
            # No path would lead to it.
            raise RequestError(400, f"model_name: expected printable characters, no slash first, got {shown(name)}")
        root = self._settings.models_root.resolve()
        try:
            folder = Path(url).resolve()
            inside = folder.is_relative_to(root) and folder.is_dir()
        except (OSError, ValueError, RuntimeError):
            inside = False
        if not inside:
            raise RequestError(400, f"url: expected a folder below {root}, got {shown(url)}")
        return folder

    def _reserve(self, name: str, size: int) -> None:
        with self._lock:
            if name in self._models:
                raise RequestError(409, f"models: {shown(name)} is loaded already; unload it with DELETE first")
            self._make_room(name, size)
            self._models[name] = _Loading(size)

    def _make_room(self, name: str, size: int) -> None:
        """Unloads until `size` bytes fit beside the models other than `name`. Needs the lock."""
        bound = self._settings.model_memory_bytes
        others = {key: model for key, model in self._models.items() if key != name}
        used = sum(model.size for model in others.values())
        unloadable = [model for model in others.values() if isinstance(model, Loaded)]
        if used - sum(model.size for model in unloadable) + size > bound:
            raise RequestError(507, f"models: {shown(name)} takes {size} bytes, more than there is within {bound}")
        for model in unloadable:
            if used + size <= bound:
                return
            used -= model.size
            del self._models[model.name]
            log.info("unloaded %s, the least recently used, to make room for %s", shown(model.name), shown(name))

    def _read_artifact(self, folder: Path) -> tuple[Model, int]:
        """The model, and the memory it takes: by what the process grew, at least by its arrays and its size on disk.

        The process grows by less where it takes memory that another model has left, or loses one meanwhile.
        """
        before = _resident_bytes()
        model = load(folder, self._settings.trust, self._settings.classes)
        return model, max(_resident_bytes() - before, size_on_disk(folder) + _array_bytes(model, set()))


def size_on_disk(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _array_bytes(value: Any, seen: set[int]) -> int:
    """Bytes of all arrays reachable from `value` through our own objects and scikit-learn's."""
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        children = list(value.values())
    elif isinstance(value, (list, tuple)):
        children = list(value)
    elif type(value).__module__.startswith(("sminference.", "sklearn.")) and hasattr(value, "__dict__"):
        children = list(vars(value).values())
    else:
        return 0
    return sum(_array_bytes(child, seen) for child in children)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
