"""Starts gunicorn with the application: the model is loaded once, then the workers are forked from it."""

from __future__ import annotations

import contextlib
import ctypes
import logging.config
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from sminference.app import create_app
from sminference.connection import Limits
from sminference.hosting import load_model
from sminference.logs import LineWriter, logging_config
from sminference.observed import Observer
from sminference.repository import Repository
from sminference.worker import configured

if TYPE_CHECKING:
    from flask import Flask

    from sminference.config import Settings

# SageMaker kills what still runs 30 s after SIGTERM.
_DRAIN_SECONDS = 25
# The number of the option in malloc.h.
_M_ARENA_MAX = -8


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, set up by code alone: no command line, no configuration file, no environment of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._observer = Observer(settings, LineWriter())
        super().__init__()

    def load_config(self) -> None:
        for name, value in gunicorn_options(self._settings).items():
            self.cfg.set(name, value)
        self.cfg.set("worker_class", configured(limits(self._settings), self._observer.unparsed, takes_long, explains))
        self.cfg.set("post_worker_init", lambda _worker: self._observer.start())
        self.cfg.set("worker_exit", lambda _server, _worker: self._observer.stop())

    def load(self) -> Flask:
        settings = self._settings
        return create_app(
            settings, Repository(settings) if settings.multi_model else load_model(settings), self._observer
        )


def gunicorn_options(settings: Settings) -> dict[str, Any]:
    """Gunicorn's settings by name."""
    return {
        "bind": [f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}"],
        "workers": settings.worker_processes,
        "threads": settings.threads,
        "preload_app": True,
        "graceful_timeout": _DRAIN_SECONDS,
        "timeout": 120,
        # A file system of memory: a worker that can't touch its heartbeat file is killed, and disks can stall.
        "worker_tmp_dir": "/dev/shm",  # noqa: S108
        "control_socket_disable": True,
        "logconfig_dict": logging_config(),
        "proc_name": "sminference",
    }


def limits(settings: Settings) -> Limits:
    """What clients may take of a worker."""
    return Limits(
        max_body_bytes=settings.max_body_bytes,
        read_seconds=settings.read_timeout_seconds,
        write_seconds=settings.write_timeout_seconds,
        keepalive_seconds=settings.keepalive_seconds,
        max_connections=settings.max_connections,
    )


def takes_long(head: bytes) -> bool:
    """Whether the head of a request asks for an explanation or for a model to be loaded."""
    return explains(head) or head.startswith(b"POST /models ")


def explains(head: bytes) -> bool:
    """Whether the head of a request may ask for an explanation; one that only speaks of it waits its turn too."""
    return b"xpla" in head.lower()


def use_one_heap() -> None:
    """Has glibc keep one heap for all threads: one per thread is memory that the others can't use, and the GIL gives
    them nothing for it. Other C libraries have no such thing.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def serve(settings: Settings) -> int:
    """Runs until SIGTERM or SIGINT; requests under way are finished first."""
    logging.config.dictConfig(logging_config())
    use_one_heap()
    _Server(settings).run()
    return 0
