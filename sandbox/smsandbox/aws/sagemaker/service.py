"""The SageMaker service, put together from its parts."""

from __future__ import annotations

from smsandbox.aws.sagemaker.hosting import HostingViews


class SageMaker(HostingViews):
    """Hosting operations of the SageMaker API, and `ports.Hosting`."""
