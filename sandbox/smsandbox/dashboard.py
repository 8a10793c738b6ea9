"""The Grafana dashboard of the operator as code: `make monitoring` writes it to manifests/monitoring and the chart.

Panels stand in `ROWS`, each with its queries, so that a test can ask each query of a Prometheus that scrapes a real
operator. Not the endpoints' own dashboards, which are CloudWatch's.
"""

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import BigValueColorMode
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DataSourceRef

FILE = Path("grafana_dashboard.json")
_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_HALF, _SIXTH = 12, 4
_OURS = "and on (instance) smendpoints_build_info"  # other programs have these metrics, too


@dataclass(frozen=True)
class Panel:
    """One panel; `queries` by legend, `unit` as Grafana names it. One `number` shows its last value alone."""

    title: str
    description: str
    queries: dict[str, str]
    unit: str = "short"
    number: bool = False


def _share(metric: str, share: float, by: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket[$__rate_interval])))"


ROWS: dict[str, tuple[Panel, ...]] = {
    "Now": (
        Panel(
            "Active operators",
            "Operator processes that hold the lease. Should be 1.",
            {"": "sum(smendpoints_lease_held)"},
            number=True,
        ),
        Panel(
            "Objects",
            "SageMakerEndpoint objects in the cluster.",
            {"": 'sum(smendpoints_objects{state="known"})'},
            number=True,
        ),
        Panel(
            "Ready",
            "Objects whose endpoint matches the spec.",
            {"": 'sum(smendpoints_objects_by_reason{state="Ready"}) or vector(0)'},
            number=True,
        ),
        Panel(
            "Stalled",
            "Objects that need manual action. Their conditions say which.",
            {"": 'sum(smendpoints_objects_by_reason{state="Stalled"}) or vector(0)'},
            number=True,
        ),
        Panel(
            "Drifted",
            "Endpoints that were changed outside of Kubernetes, and have not been corrected.",
            {"": "sum(smendpoints_objects_drifted)"},
            number=True,
        ),
        Panel(
            "Cost per hour",
            "Estimated cost of all endpoints, at list prices.",
            {"": "sum(smendpoints_hourly_cost_usd) or vector(0)"},
            "currencyUSD",
            number=True,
        ),
    ),
    "Endpoints": (
        Panel(
            "Objects by reason",
            "Objects by state, and by the reason of the condition Ready.",
            {"{{state}}: {{reason}}": "sum by (state, reason) (smendpoints_objects_by_reason) > 0"},
        ),
        Panel(
            "Rollouts",
            "Rollouts per hour, by outcome.",
            {"{{outcome}}": "sum by (outcome) (increase(smendpoints_rollouts_total[1h]))"},
        ),
        Panel(
            "Rollout duration",
            "Median time from the decision to the end of a rollout.",
            {"{{outcome}}": _share("smendpoints_rollout_seconds", 0.5, "outcome")},
            "s",
        ),
        Panel(
            "Drift",
            "Changes outside of Kubernetes per hour: found, and corrected.",
            {"{{result}}": "sum by (result) (increase(smendpoints_drift_total[1h]))"},
        ),
        Panel(
            "Cost per hour by namespace",
            "Estimated cost at list prices, and the limit of the policies, if there is one.",
            {
                "{{object_namespace}}": "sum by (object_namespace) (smendpoints_hourly_cost_usd)",
                "{{object_namespace}}: limit": "max by (object_namespace) (smendpoints_hourly_cost_limit_usd)",
            },
            "currencyUSD",
        ),
        Panel(
            "Kubernetes Events",
            "Events sent per minute, by reason.",
            {"{{reason}}": "60 * sum by (reason) (rate(smendpoints_events_total[$__rate_interval]))"},
        ),
    ),
    "Reconciles": (
        Panel(
            "Reconciles",
            "Reconciles per second, by result.",
            {"{{result}}": "sum by (result) (rate(smendpoints_reconcile_total[$__rate_interval]))"},
            "reqps",
        ),
        Panel(
            "Reconcile duration",
            "Median and 99th percentile, including the calls to AWS.",
            {"p50": _share("smendpoints_reconcile_seconds", 0.5), "p99": _share("smendpoints_reconcile_seconds", 0.99)},
            "s",
        ),
        Panel(
            "Queue",
            "Objects that wait to be reconciled, and how long they wait.",
            {
                "objects": "sum(smendpoints_queue_length)",
                "oldest, seconds": "max(smendpoints_queue_oldest_wait_seconds)",
                "p99, seconds": _share("smendpoints_queue_seconds", 0.99),
            },
        ),
        Panel(
            "Lease",
            "Processes that hold the lease, and how often it has moved to another process.",
            {"holders": "sum(smendpoints_lease_held)", "transitions": "max(smendpoints_lease_transitions)"},
        ),
    ),
    "AWS": (
        Panel(
            "AWS calls",
            "Calls per second, by service and operation.",
            {
                "{{service}} {{operation}}": "sum by (service, operation)"
                " (rate(smendpoints_aws_calls_total[$__rate_interval]))"
            },
            "reqps",
        ),
        Panel(
            "AWS errors",
            "Calls per hour that AWS refused, by operation and error code.",
            {
                "{{operation}}: {{code}}": "sum by (operation, code)"
                ' (increase(smendpoints_aws_calls_total{code!="OK"}[1h])) > 0'
            },
        ),
        Panel(
            "Throttled calls",
            "Calls per hour that AWS throttled, by operation.",
            {"{{operation}}": "sum by (operation) (increase(smendpoints_aws_throttled_total[1h]))"},
        ),
        Panel(
            "Waiting for AWS's rate limit",
            "How long the oldest waiting call has waited, and the 99th percentile of all waits.",
            {
                "oldest": "max(smendpoints_aws_wait_seconds)",
                "p99": _share("smendpoints_aws_rate_wait_seconds", 0.99),
            },
            "s",
        ),
    ),
    "Process": (
        Panel(
            "CPU",
            "CPU usage of each process, as a share of one core.",
            {"{{instance}}": f"rate(process_cpu_seconds_total[$__rate_interval]) {_OURS}"},
            "percentunit",
        ),
        Panel(
            "Memory",
            "Resident memory of each process.",
            {"{{instance}}": f"process_resident_memory_bytes {_OURS}"},
            "bytes",
        ),
        Panel(
            "Versions", "Operator processes by version.", {"{{version}}": "count by (version) (smendpoints_build_info)"}
        ),
    ),
}


def queries() -> list[tuple[str, str]]:
    """Each panel's title with each of its queries, as Prometheus takes them but for Grafana's variables."""
    return [(panel.title, query) for row in ROWS.values() for panel in row for query in panel.queries.values()]


def build() -> str:
    """The dashboard as JSON."""
    made = (
        dashboard.Dashboard("smendpoints")
        .uid("smendpoints")
        .description("The smendpoints operator: objects, rollouts, reconciles, calls to AWS.")
        .tags(["smendpoints", "sagemaker"])
        .refresh("30s")
        .time("now-6h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    number = itertools.count(1)
    for title, panels in ROWS.items():
        made = made.with_row(dashboard.Row(title).id(next(number)))
        for panel in panels:
            made = made.with_panel(_panel(panel).id(next(number)))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _panel(panel: Panel) -> Any:
    kind: Callable[[], Any] = stat.Panel if panel.number else timeseries.Panel
    made = (
        kind()
        .title(panel.title)
        .description(panel.description)
        .datasource(_SOURCE)
        .unit(panel.unit)
        .height(4 if panel.number else 8)
        .span(_SIXTH if panel.number else _HALF)
    )
    if panel.number:
        made = made.color_mode(BigValueColorMode.NONE)
    for ref, (legend, query) in zip("ABCDEF", panel.queries.items(), strict=False):
        target = prometheus.Dataquery().expr(query).legend_format(legend).datasource(_SOURCE).ref_id(ref)
        made = made.with_target(target)
    return made


def main(folder: str) -> None:
    """Write the dashboard into the folder."""
    (Path(folder) / FILE).write_text(build())


if __name__ == "__main__":
    main(sys.argv[1])
