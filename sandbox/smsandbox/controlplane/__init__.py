"""Upstream kube-apiserver and etcd on loopback: found or built (`binaries`), and run (`plane`).

No controllers and no scheduler: nothing garbage-collects, ends a namespace or runs a pod.
"""

from smsandbox.controlplane.plane import ControlPlane

__all__ = ["ControlPlane"]
