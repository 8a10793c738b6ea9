"""kube-apiserver and etcd from the pinned Go modules in `sandbox/controlplane`: four minutes of two idle cores.

No debug data. Without optimisation compiling is a fifth shorter, but the API server then spends 1.7 times the CPU on
each object (our rules are CEL), for as long as tests and benchmarks run.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from smsandbox import golang, paths
from smsandbox.golang import BuildError, Program

__all__ = ["BuildError", "build", "key", "kubernetes_version", "link_flags"]
MODULES = Path("sandbox") / "controlplane"
COMPILE = ("-gcflags=all=-dwarf=false",)
STAMPED = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


def kubernetes_version() -> str:
    """The pinned Kubernetes release, without the v."""
    return golang.pinned(_modules(), r"\sk8s\.io/kubernetes v(\S+)")


def link_flags(version: str) -> str:
    """Linker flags that stamp `version` (1.36.3) in: without them kubectl cannot parse what the server says it is."""
    major, minor, _ = version.split(".", 2)
    facts = {
        "gitVersion": f"v{version}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "unknown",
        "buildDate": "1970-01-01T00:00:00Z",
    }
    return " ".join(["-s", "-w", *(f"-X {package}.{k}={v}" for package in STAMPED for k, v in facts.items())])


def key() -> str:
    """Name of the cache folder: changes with any pinned module and any flag."""
    return golang.key(_modules(), _programs(), COMPILE, name=f"v{kubernetes_version()}")


def build(say: Callable[[str], None], folder: Path) -> bool:
    """Build both programs into `folder`, telling the progress to `say`.

    Raises:
        BuildError: no Go to be had, or it failed.
    """
    version = kubernetes_version()
    say(f"building kube-apiserver {version} and etcd from source: about 4 minutes on 2 idle cores, once per machine")
    golang.build(_modules(), _programs(), COMPILE, paths.cache() / "controlplane" / "build.log", say, folder)
    return True


def _modules() -> Path:
    return paths.repository() / MODULES


def _programs() -> Mapping[str, Program]:
    link = link_flags(kubernetes_version())
    return {
        "etcd": Program("go.etcd.io/etcd/server/v3", link),
        "kube-apiserver": Program("k8s.io/kubernetes/cmd/kube-apiserver", link),
    }
