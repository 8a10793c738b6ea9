"""Both images, built once by buildah from this clone (`make images`); `make test` does not come here."""

from collections.abc import Callable
from functools import cache

import pytest

from smsandbox.images import build as builder
from smsandbox.images.build import Built
from smsandbox.images.dockerfiles import Image


@pytest.fixture(scope="session")
def base() -> Callable[[Image], str]:
    """The base on which an image is built here."""
    builder.install()
    return cache(builder.base_for)


@pytest.fixture(scope="session")
def built(base: Callable[[Image], str]) -> Callable[[Image], Built]:
    """An image, built from nothing."""

    @cache
    def build(image: Image) -> Built:
        return builder.build(image, base(image), f"localhost/{image.name}:test", builder.epoch())

    return build
