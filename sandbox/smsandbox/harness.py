"""Moved to `smsandbox.testing`."""

from smsandbox.assets import BUCKET
from smsandbox.assets import ROLE_ARN as ROLE
from smsandbox.testing.harness import BRISK, Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.specs import ECHO_IMAGE as IMAGE

__all__ = ["ARTIFACTS", "BRISK", "BUCKET", "IMAGE", "ROLE", "Harness", "spec", "with_variant"]
