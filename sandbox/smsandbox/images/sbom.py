"""The bill of materials of an image (CycloneDX 1.6, JSON), made of the pins that it installs; nothing is built for it.

A component's hashes are those of the files that pip may take for it, one of which is in the image. Licences and
dependencies are those that the packages tell of themselves, read from this Python, where `make setup` put the same
versions; a package that is not here (it is for another Python) has none. Packages of the base's Debian are not in
it: the base is one component, by its digest.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import smendpoints
from smsandbox.images.dockerfiles import Image

_PIN = re.compile(
    r"^(?P<requirement>[A-Za-z0-9][^\\#\n]*?) ?\\\n(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.MULTILINE,
)


def pins(image: Image, python: str) -> dict[str, tuple[str, list[str]]]:
    """Version and SHA-256s of each package that the image gets with that Python (`3.13.15`), by its name."""
    system = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "",  # the same packages on each
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": "linux",
    }
    found: dict[str, tuple[str, list[str]]] = {}
    for match in _PIN.finditer(image.pins().read_text(encoding="utf-8")):
        requirement = Requirement(match["requirement"])
        if requirement.marker is None or requirement.marker.evaluate(system):
            (pinned,) = requirement.specifier
            hashes = re.findall(r"sha256:([0-9a-f]{64})", match["hashes"])
            found[canonicalize_name(requirement.name)] = (pinned.version, hashes)
    return found


def bill(image: Image, python: str, at: int) -> str:
    """The document as text, the same for the same pins; `at` is its time in seconds, that of the commit."""
    components = {name: _package(name, *pinned) for name, pinned in pins(image, python).items()}
    name, _, digest = image.base.partition("@")
    base = Component(
        name="python",
        version=name.partition(":")[2],
        type=ComponentType.CONTAINER,
        bom_ref="base",
        purl=PackageURL("docker", None, "python", digest, {"tag": name.partition(":")[2]}),
    )
    itself = Component(
        name=image.name,
        version=smendpoints.__version__,
        type=ComponentType.CONTAINER,
        bom_ref="image",
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
    )
    document = Bom(components=[base, *components.values()])
    document.metadata.component = itself
    document.metadata.timestamp = datetime.fromtimestamp(at, UTC)
    document.serial_number = uuid5(
        NAMESPACE_URL, "\n".join([image.name, image.base, *(str(each.purl) for each in components.values())])
    )
    needed = {each for component in components for each in _needs(component, components)}
    document.register_dependency(itself, [base, *(each for name, each in components.items() if name not in needed)])
    for component, found in components.items():
        document.register_dependency(found, [components[each] for each in _needs(component, components)])
    text: str = JsonV1Dot6(document).output_as_string(indent=2)
    return text + "\n"


def _package(name: str, version: str, hashes: list[str]) -> Component:
    purl = PackageURL("pypi", None, name, version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        comment="the files of this version that pip may take: one of them",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in hashes],
    )
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        licenses=_licenses(name, version),
        external_references=[files],
    )


@cache
def _told(name: str) -> metadata.PackageMetadata | None:
    """What the package that is installed here tells of itself; None when it is not here."""
    try:
        return metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None


def _licenses(name: str, version: str) -> list[License]:
    told = _told(name)
    if told is None or told["Version"] != version:
        return []
    text = told["License-Expression"] or told["License"] or _classified(told)
    if not text or "\n" in text.strip():  # some put the whole text there
        text = _classified(told)
    return [LicenseFactory().make_from_string(text.strip())] if text else []


def _classified(told: metadata.PackageMetadata) -> str:
    head = "License :: "
    found = [each.rpartition(" :: ")[2] for each in told.get_all("Classifier", []) if each.startswith(head)]
    return found[0] if found else ""


def _needs(name: str, within: Mapping[str, Component]) -> Iterator[str]:
    """The packages of the image that this one asks for."""
    if _told(name) is None:
        return
    for each in metadata.requires(name) or ():
        requirement = Requirement(each)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if (found := canonicalize_name(requirement.name)) in within:
            yield found
