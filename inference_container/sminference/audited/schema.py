"""Looks up every type, loader and array of a `model.skops`, and writes the file again from what was understood.

So skops never reads what somebody else wrote: not the same key or file name twice, no compressed entry, no older
protocol, no reference to an object that stands elsewhere for something else. Equal estimators give equal bytes.
"""

import io
import json
import zipfile
from typing import Any, NoReturn

from sminference.arrays import array, entries
from sminference.audited.types import ARRAYS, DICTS, KEYS, LOSSES, OBJECTS, TYPES, instead
from sminference.manifest import AUDITED, ArtifactError

_SCHEMA = "schema.json"
_MAX_DEPTH = 200
_PLAIN = (type(None), bool, int, float, str)


def rewritten(content: bytes, protocol: int) -> bytes:
    """The same estimator as a file of our own; raises ArtifactError naming the first type that is not in the list.

    `protocol` is that of the skops that will read it. Nothing is imported or built here.
    """
    # Entries are not compressed, so that what is there is what is read.
    files = entries(content, AUDITED, len(content))
    try:
        document = json.loads(files.get(_SCHEMA, b""))
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{AUDITED} can't be read: {_SCHEMA} is not JSON: {error}") from error
    if not isinstance(document, dict) or type(document.get("protocol")) is not int:
        raise ArtifactError(f"{AUDITED} can't be read: {_SCHEMA} is no description of an estimator")
    if document["protocol"] != protocol:
        raise ArtifactError(
            f"{AUDITED} was written by another version of skops (protocol {document['protocol']}, here is {protocol}); "
            "pack the model again"
        )
    audit = _Audit(files)
    try:
        root = audit.node(document, 0)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise ArtifactError(f"{AUDITED} can't be read: {type(error).__name__} in its description: {error}") from error
    return _zip({_SCHEMA: json.dumps({**root, "protocol": protocol, "_skops_version": ""}).encode(), **audit.files})


def _zip(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return stream.getvalue()


class _Audit:
    """One pass over a description. `files` are the arrays in the order in which they were met."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._given = files
        self.files: dict[str, bytes] = {}
        # The object of each identity: its number in the new file; None while it is being looked at.
        self._known: dict[int, dict[str, Any] | None] = {}
        self._loaders = {
            "JsonNode": self._json,
            "DictNode": self._dict,
            "ListNode": self._sequence,
            "TupleNode": self._sequence,
            "SetNode": self._sequence,
            "SliceNode": self._slice,
            "NdArrayNode": self._array,
            "MaskedArrayNode": self._masked,
            "DTypeNode": self._content,
            "TypeNode": self._type,
            "ObjectNode": self._object,
            "LossNode": self._loss,
        }

    def node(self, state: Any, depth: int) -> dict[str, Any]:
        """One value. What was seen before, by its identity, becomes a reference to it."""
        if depth > _MAX_DEPTH:
            raise ArtifactError(f"{AUDITED} can't be read: its parts are nested more than {_MAX_DEPTH} deep")
        loader, name, identity = state["__loader__"], _named(state), state.get("__id__")
        if loader == "CachedNode" and identity in self._known:
            return self._reference(identity)
        read = self._loaders.get(loader)
        if read is None:
            _refuse(_called(state))
        if identity is None or loader == "TypeNode":
            # A type is never referred to: what may stand at one place may not at another.
            return self._with(state, read(state, name, depth))
        if type(identity) is not int:
            raise ArtifactError(f"{AUDITED} can't be read: an identity that is no number")
        if identity in self._known:
            return self._reference(identity)
        self._known[identity] = None
        number = len(self._known)
        found = self._with(state, read(state, name, depth)) | {"__id__": number}
        self._known[identity] = {
            **{key: found[key] for key in ("__class__", "__module__")},
            "__loader__": "CachedNode",
            "__id__": number,
        }
        return found

    def _reference(self, identity: int) -> dict[str, Any]:
        reference = self._known[identity]
        if reference is None:
            raise ArtifactError(f"{AUDITED} can't be read: an object that holds itself")
        return reference

    def _with(self, state: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
        return {key: state[key] for key in ("__class__", "__module__", "__loader__")} | content

    def _content(self, state: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        _expect(name == "numpy.dtype", name)
        return {"content": self.node(state["content"], depth + 1)}

    def _json(self, state: dict[str, Any], name: str, _: int) -> dict[str, Any]:
        value = json.loads(state["content"])
        _expect(name == "builtins.str" and type(value) in _PLAIN, name)
        return {"content": json.dumps(value), "is_json": True}

    def _dict(self, state: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        _expect(name in DICTS, name)
        kinds = state["key_types"]
        _expect(kinds["__loader__"] == "ListNode" and _named(kinds) == "builtins.list", _named(kinds))
        if len(kinds["content"]) != len(state["content"]):
            raise ArtifactError(f"{AUDITED} can't be read: a dictionary with more types than keys")
        return {
            "key_types": self._with(kinds, {"content": [self._key_type(kind) for kind in kinds["content"]]}),
            "content": {key: self.node(value, depth + 1) for key, value in state["content"].items()},
        }

    def _key_type(self, state: dict[str, Any]) -> dict[str, Any]:
        _expect(state["__loader__"] == "TypeNode" and _named(state) in KEYS, _named(state))
        return self._with(state, {})

    def _sequence(self, state: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        expected = {"ListNode": "builtins.list", "TupleNode": "builtins.tuple", "SetNode": "builtins.set"}
        _expect(name == expected[state["__loader__"]], name)
        return {"content": [self.node(item, depth + 1) for item in state["content"]]}

    def _slice(self, state: dict[str, Any], name: str, _: int) -> dict[str, Any]:
        content = {key: state["content"][key] for key in ("start", "stop", "step")}
        _expect(name == "builtins.slice" and all(type(value) in _PLAIN for value in content.values()), name)
        return {"content": content}

    def _type(self, state: dict[str, Any], name: str, _: int) -> dict[str, Any]:
        _expect(name in TYPES, _called(state))
        return {}

    def _array(self, state: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        if state["type"] == "json":
            _expect(name == "numpy.ndarray", name)
            return self._objects(state, depth)
        _expect(name in ARRAYS and state["type"] == "numpy", name)
        content = self._given[state["file"]]
        found = array(content, f"{AUDITED}: an array")
        if name != "numpy.ndarray" and found.shape:
            raise ArtifactError(f"{AUDITED} can't be read: an array of shape {found.shape} for one {name}")
        file = f"{len(self.files)}.npy"
        self.files[file] = content
        return {"type": "numpy", "file": file}

    def _objects(self, state: dict[str, Any], depth: int) -> dict[str, Any]:
        """An array of objects, of one dimension or two: its rows then stand in it and are no references, or a few of
        them could speak of any number of items.
        """
        shape = self._scalars(state["shape"])
        lengths = [json.loads(item["content"]) for item in shape["content"]]
        items = state["content"]
        if len(lengths) == 2:
            items = [
                self._with(row, self._sequence(row, _named(row), depth + 1))
                for row in items
                if row["__loader__"] == "ListNode"
            ]
        else:
            items = [self.node(item, depth + 1) for item in items]
        widths = {len(row["content"]) for row in items} if len(lengths) == 2 else set()
        if len(lengths) not in {1, 2} or lengths[0] != len(items) or not widths <= set(lengths[1:]):
            raise ArtifactError(f"{AUDITED} can't be read: an array of objects of shape {lengths!r:.40}")
        return {"type": "json", "content": items, "shape": shape}

    def _masked(self, state: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        _expect(name in {"numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"}, name)
        return {"content": {key: self.node(state["content"][key], depth + 1) for key in ("data", "mask")}}

    def _object(self, state: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        _expect(name in OBJECTS, name)
        content = state.get("content")
        if content is None:
            return {}
        if content["__loader__"] == "JsonNode" and json.loads(content["content"]) is None:
            return {}
        _expect(content["__loader__"] == "DictNode" and _named(content) == "builtins.dict", _named(content))
        return {"content": self.node(content, depth + 1)}

    def _loss(self, state: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        _expect(name in LOSSES, name)
        arguments = self._scalars(state["__reduce__"]["args"])
        content = state["content"]
        _expect(_named(content) in {"builtins.dict", "builtins.tuple"} and not content["content"], name)
        return {"__reduce__": {"args": arguments}, "content": self.node(content, depth + 1)}

    def _scalars(self, state: dict[str, Any]) -> dict[str, Any]:
        """A tuple of numbers, in full: nothing in it is a reference."""
        numbers = state["content"]
        _expect(state["__loader__"] == "TupleNode" and _named(state) == "builtins.tuple", _named(state))
        for number in numbers:
            _expect(number["__loader__"] == "JsonNode", _called(number))
            if type(json.loads(number["content"])) not in {int, float}:
                raise ArtifactError(f"{AUDITED} can't be read: expected a number")
        return self._with(state, {"content": [self._with(n, self._json(n, _named(n), 0)) for n in numbers]})


def _named(state: dict[str, Any]) -> str:
    return f"{state['__module__']}.{state['__class__']}"


def _called(state: dict[str, Any]) -> str:
    """The name of what a loader would give that our list has no place for: a method, a function bound to arguments."""
    named = _named(state)
    content = state.get("content")
    if state["__loader__"] == "MethodNode" and isinstance(content, dict):
        return f"{named}.{content.get('func')}"
    return named


def _expect(holds: bool, name: str) -> None:  # noqa: FBT001
    if not holds:
        _refuse(name)


def _refuse(name: str) -> NoReturn:
    raise ArtifactError(
        f"{AUDITED} holds {name[:200]}, which is not among the types that are served without a pickle; {instead(name)}"
    )
