"""The project's images: where their Dockerfiles and pins are, and what stands in them."""

import re
from dataclasses import dataclass
from pathlib import Path

from smsandbox import paths

_BASE = re.compile(r"^FROM (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Image:
    """One of the project's images. Paths are relative to the root of the repository."""

    name: str
    dockerfile: str
    requirements: str
    package: str  # the folder of what is ours in it

    @property
    def base(self) -> str:
        """The pinned base: name, tag and digest."""
        found: set[str] = set(_BASE.findall((paths.repository() / self.dockerfile).read_text(encoding="utf-8")))
        (base,) = found
        return base

    @property
    def python(self) -> str:
        """The version of the base's Python: `3.13.15`."""
        found = re.match(r"python:(\d+\.\d+\.\d+)-", self.base)
        if found is None:
            raise ValueError(f"{self.dockerfile}: the base names no version of Python: {self.base}")
        return found[1]

    def on(self, base: str) -> str:
        """The Dockerfile's text with another base in both stages."""
        return (paths.repository() / self.dockerfile).read_text(encoding="utf-8").replace(self.base, base)

    def pins(self) -> Path:
        """The requirements with hashes that it installs."""
        return paths.repository() / self.requirements


OPERATOR = Image(
    name="smendpoints",
    dockerfile="Dockerfile",
    requirements="requirements/operator.txt",
    package="operator/smendpoints",
)
INFERENCE = Image(
    name="sagemaker-sklearn-inference",
    dockerfile="inference_container/Dockerfile",
    requirements="requirements/inference.txt",
    package="inference_container/sminference",
)
IMAGES = (OPERATOR, INFERENCE)
