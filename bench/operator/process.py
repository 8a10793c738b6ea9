"""What a process uses, as the kernel tells, and what the operator and the API server tell of themselves."""

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
_REQUESTS = re.compile(r"^apiserver_request_total\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE", "APPLY"})


@dataclass(frozen=True)
class Process:
    """A process that runs."""

    pid: int

    def cpu_seconds(self) -> float:
        """CPU time it has used since its start."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _TICK_SECONDS

    def resident_mib(self) -> float:
        """Memory it holds."""
        return self._status("VmRSS") / 1024

    def peak_mib(self) -> float:
        """The most memory it held since its start, or since `forget_peak`."""
        return self._status("VmHWM") / 1024

    def forget_peak(self) -> None:
        """Begin again with the peak."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def threads(self) -> int:
        return int(self._status("Threads"))

    def descriptors(self) -> tuple[int, int]:
        """Open files of all kinds, and how many of them are sockets."""
        sockets = total = 0
        for each in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                sockets += str(each.readlink()).startswith("socket:")
            except FileNotFoundError:  # closed meanwhile
                continue
            total += 1
        return total, sockets

    def _status(self, name: str) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return float(line.split()[1])
        raise LookupError(f"process {self.pid} has no {name}")


@dataclass(frozen=True)
class Metrics:
    """One look at a process's own metrics, in Prometheus' text."""

    text: str

    def total(self, name: str) -> float | None:
        """The sum over all labels of what is called so; None when there is no such sample."""
        found = [sample.value for each in self._families() for sample in each.samples if sample.name == name]
        return sum(found) if found else None

    def by(self, name: str, label: str) -> dict[str, float]:
        """What is called so, by the values of a label."""
        found: dict[str, float] = {}
        for each in self._families():
            for sample in each.samples:
                if sample.name == name:
                    value = sample.labels.get(label, "")
                    found[value] = found.get(value, 0.0) + sample.value
        return found

    def passes(self) -> float:
        """How many passes there were."""
        return self.total("smendpoints_reconcile_seconds_count") or self.total("smendpoints_passes_total") or 0.0

    def buckets(self, histogram: str, before: "Metrics | None" = None) -> dict[float, float]:
        """What a histogram counted since `before`, by upper bound; empty when there is no such histogram."""
        now = {float(bound): count for bound, count in self.by(f"{histogram}_bucket", "le").items()}
        earlier = before.buckets(histogram) if before is not None else {}
        return {bound: count - earlier.get(bound, 0.0) for bound, count in now.items()}

    def _families(self) -> list[Any]:
        return list(text_string_to_metric_families(self.text))


def written(text: str) -> Counter[str]:
    """Writes that an API server says it was asked for, by kind, but for leases: those never rest."""
    found: Counter[str] = Counter()
    for match in _REQUESTS.finditer(text):
        labels = dict(_LABEL.findall(match[1]))
        if labels.get("verb") in _WRITES and labels.get("resource") != "leases":
            found["/".join(filter(None, (labels.get("resource"), labels.get("subresource"))))] += int(float(match[2]))
    return found
