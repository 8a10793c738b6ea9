"""The project's two images, built and looked at by buildah and podman, and their bills of materials.

What is released is built by `.github/workflows/release.yml`; this is for those who build without Docker, and for the
tests of `tests/images` (`make images`). It is not part of the sandbox's processes.
"""
