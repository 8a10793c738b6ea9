"""Settings of the container, read once from environment variables. What describes the model is in its artifact."""

# ruff: noqa: RUF009 - `_setting` is dataclasses.field with our metadata

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sminference import values
from sminference.formats import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sminference.artifact import Trust
    from sminference.signature import VerifyKeys

# Settings of earlier releases, and what took their place.
_RENAMED = {"SMINFERENCE_ALLOW_BARE_PICKLE": "SMINFERENCE_ALLOW_PICKLE"}


class SettingsError(ValueError):
    """An environment variable that can't be used; the message names it and says what to write."""


def _setting(variable: str, default: Any, parse: Callable[[str], Any], expected: str, doc: str) -> Any:
    return field(default=default, metadata={"variable": variable, "parse": parse, "expected": expected, "doc": doc})


@dataclass(frozen=True)
class Settings:
    """One value per environment variable; sizes in bytes unless the name says otherwise, times in seconds."""

    model_dir: Path = _setting(
        "SM_MODEL_DIR", Path("/opt/ml/model"), Path, "a folder", "where the model artifact is unpacked"
    )
    port: int = _setting("SAGEMAKER_BIND_TO_PORT", 8080, values.whole(1, 65535), "1 to 65535", "port to listen on")
    multi_model: bool = _setting(
        "SAGEMAKER_MULTI_MODEL",
        False,
        values.boolean,
        "true or false",
        "serve many models through /models instead of the one in SM_MODEL_DIR",
    )
    host: str = _setting(
        "SMINFERENCE_HOST",
        "0.0.0.0",  # noqa: S104 - the platform reaches the container from outside
        str,
        "an address",
        "address to listen on; 127.0.0.1 for this machine only",
    )
    workers: int = _setting(
        "SMINFERENCE_WORKERS",
        0,
        values.whole(0, 256),
        "0 to 256",
        "worker processes; 0 means one per core; always one with SAGEMAKER_MULTI_MODEL",
    )
    threads: int = _setting("SMINFERENCE_THREADS", 16, values.whole(2, 1024), "2 to 1024", "threads per worker process")
    max_body_bytes: int = _setting(
        "SMINFERENCE_MAX_BODY_BYTES",
        6 * 1024 * 1024,
        values.whole(1, 1 << 30),
        "1 to 1073741824",
        "largest request body; SageMaker's own limit for real-time endpoints is the default",
    )
    max_rows: int = _setting(
        "SMINFERENCE_MAX_ROWS", 100_000, values.whole(1, 100_000_000), "1 to 100000000", "most rows in one request"
    )
    max_explained_rows: int = _setting(
        "SMINFERENCE_MAX_EXPLAINED_ROWS",
        1000,
        values.whole(1, 100_000_000),
        "1 to 100000000",
        "most rows in one request that asks for explanations",
    )
    read_timeout_seconds: float = _setting(
        "SMINFERENCE_READ_TIMEOUT_SECONDS",
        8.0,
        values.bounded(float, 0.1, 3600),
        "0.1 to 3600",
        "time a client has to send one whole request",
    )
    write_timeout_seconds: float = _setting(
        "SMINFERENCE_WRITE_TIMEOUT_SECONDS",
        10.0,
        values.bounded(float, 0.1, 3600),
        "0.1 to 3600",
        "time a client has to take one whole answer",
    )
    keepalive_seconds: float = _setting(
        "SMINFERENCE_KEEPALIVE_SECONDS",
        75.0,
        values.bounded(float, 0, 3600),
        "0 to 3600",
        "how long an idle connection stays open",
    )
    max_connections: int = _setting(
        "SMINFERENCE_MAX_CONNECTIONS",
        1000,
        values.whole(1, 100_000),
        "1 to 100000",
        "open connections per worker process",
    )
    allow_pickle: bool = _setting(
        "SMINFERENCE_ALLOW_PICKLE",
        False,
        values.boolean,
        "true or false",
        "load a model.pkl, with a manifest or without; only for artifacts you made yourself: reading a pickle can run "
        "any code",
    )
    verify_keys: VerifyKeys | None = _setting(
        "SMINFERENCE_VERIFY_KEY",
        None,
        values.verify_keys,
        "Ed25519 public keys separated by commas, each the path of a PEM file or the line between its first and last",
        "serve only artifacts that one of these keys signed (`smtraining pack --sign-key`); nothing of others is read",
    )
    default_accept: str = _setting(
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
        "",
        values.accept,
        f"an Accept header of {EXPECTED}",
        "what a request gets that says nothing of what it accepts, or anything; JSON where this is not set",
    )
    numbers_only: bool = _setting(
        "SMINFERENCE_NUMBERS_ONLY",
        False,
        values.boolean,
        "true or false",
        "answer with numbers alone, a row for each row, as the next container of a pipeline takes them: probabilities, "
        "or what else the model answers, without names, header line and explanations",
    )
    classes: tuple[str, ...] = _setting(
        "SMINFERENCE_CLASSES",
        (),
        values.names,
        "names separated by commas, or a JSON list of them",
        "what the classes of a model.pkl without a manifest are called, in the order of the estimator's classes_; a "
        "manifest names them itself",
    )
    models_root: Path = _setting(
        "SMINFERENCE_MODELS_ROOT",
        Path("/opt/ml/models"),
        Path,
        "a folder",
        "multi-model: folder in which the url of POST /models must be",
    )
    model_memory_bytes: int = _setting(
        "SMINFERENCE_MODEL_MEMORY_BYTES",
        1 << 30,
        values.whole(1, 1 << 50),
        "1 or more",
        "multi-model: memory for all loaded models; the least recently used one is unloaded for a new one",
    )
    variant: str = _setting("SMINFERENCE_VARIANT", "", str, "a name", "name of the variant, for logs and metrics")
    log_requests: bool = _setting(
        "SMINFERENCE_LOG_REQUESTS", True, values.boolean, "true or false", "write one JSON line per request"
    )
    metrics_seconds: float = _setting(
        "SMINFERENCE_METRICS_SECONDS",
        60.0,
        values.bounded(float, 0, 3600),
        "0 to 3600",
        "seconds between metrics in CloudWatch's embedded metric format; 0 turns them off",
    )
    metrics_namespace: str = _setting(
        "SMINFERENCE_METRICS_NAMESPACE", "smendpoints/inference", str, "a name", "CloudWatch namespace of the metrics"
    )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from environment variables; an empty variable counts as absent.

        Raises:
            SettingsError: a value can't be used, or a variable with our prefix is unknown.
        """
        known = {item.metadata["variable"]: item for item in fields(cls)}
        unknown = sorted(name for name in environ if name.startswith("SMINFERENCE_") and name not in known)
        if unknown and (new := _RENAMED.get(unknown[0])):
            raise SettingsError(f"{unknown[0]}: this setting is now {new}, which any pickle needs")
        if unknown:
            raise SettingsError(f"{unknown[0]}: no such setting; `python -m sminference --help` lists them")
        found: dict[str, Any] = {}
        for variable, item in known.items():
            text = environ.get(variable, "").strip()
            if not text:
                continue
            try:
                found[item.name] = item.metadata["parse"](text)
            except (ValueError, KeyError):
                raise SettingsError(f"{variable}: expected {item.metadata['expected']}, got {text!r}") from None
        return cls(**found)

    @property
    def trust(self) -> Trust:
        """What is believed of artifacts."""
        from sminference.artifact import Trust  # noqa: PLC0415 - settings are read before numpy is there

        return Trust(allow_pickle=self.allow_pickle, verify_keys=self.verify_keys)

    @property
    def worker_processes(self) -> int:
        if self.multi_model:
            return 1
        return self.workers or len(os.sched_getaffinity(0))


def help_text() -> str:
    """One paragraph per environment variable."""
    lines = []
    for item in fields(Settings):
        meta = item.metadata
        default = "" if item.default in {None, (), ""} else str(item.default)
        default = default.lower() if isinstance(item.default, bool) else default
        lines += [
            f"  {meta['variable']}",
            f"      {meta['doc']}",
            f"      {meta['expected']}; default {default or 'none'}",
        ]
    return "\n".join(lines)
