"""A witness beside the operator: holds what the status says, whenever it is written, against what AWS holds.

It knows the manifest and AWS (`oracle`, `holding`), not what the operator makes of them. What it asks AWS is not
counted, and no fault strikes it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from smsandbox.testing.harness import Harness
from smsandbox.testing.in_aws import endpoint_of, every, holding, tags_of, watching
from smsandbox.testing.oracle import differences, monitoring, owner, wanted
from smsandbox.testing.virtual_aws import unseen

_AT_WORK = {"Updating", "SystemUpdating"}  # an autoscaler, a patch: what is served is as wanted


class Witness:
    """Watches one object from the first tick; `problems` are what it saw that must never be.

    Args:
        harness: where the object lives.
        name: the object's name; its endpoint has the default name unless its spec gives one.
        exact: whether it sees every config that comes into service; where faults and hands are at work, one may come
            and go between two looks, and hands may change what the operator has just looked at.
    """

    def __init__(self, harness: Harness, name: str = "iris", *, exact: bool = True) -> None:
        self._exact = exact
        self.problems: list[str] = []
        self.seen: Counter[str] = Counter()
        self.served: list[str] = []
        self._harness = harness
        self._name = name
        self._status: dict[str, Any] | None = None
        harness.witnesses.append(self._tick)

    @property
    def spec(self) -> dict[str, Any]:
        """The spec as it was applied."""
        spec: dict[str, Any] = self._harness.objects[self._name].body["spec"]
        return spec

    @property
    def endpoint(self) -> str:
        """The endpoint's name in AWS."""
        return str(self.spec.get("endpointName", f"default-{self._name}"))

    def _tick(self) -> None:
        """After a tick of the operator."""
        if self._name not in self._harness.objects:
            self.served, self._status = [], None
            return
        body = self._harness.objects[self._name].body
        if body["status"] == self._status:
            return
        self._status = body["status"]
        told = {each["type"]: each for each in self._status.get("conditions", ())}
        self.seen.update(each["reason"] for each in told.values())
        when = f"at {self._harness.clock.now():.0f}, told { ({kind: each['reason'] for kind, each in told.items()}) }"
        on = {kind for kind, each in told.items() if each["status"] == "True"}
        if self._status["observedGeneration"] >= 0 and "Ready" not in told:
            self.problems.append(f"there is no condition Ready {when}")
        if "Ready" in on and on & {"Reconciling", "Stalled"}:
            self.problems.append(f"Ready beside Reconciling or Stalled {when}")
        if {"Reconciling", "Stalled"} & (told.keys() - on):
            self.problems.append(f"Reconciling or Stalled that is not True {when}")
        with unseen(self._harness):
            self._note_served()
            if "Ready" in on and told["Ready"]["observedGeneration"] == body["metadata"]["generation"]:
                self.problems += [f"Ready, but {each} {when}" for each in self._differences(told)]
                reported = "Drifted" in on and self.spec.get("driftPolicy") == "Report"
                if told["Ready"]["reason"] == "InService" and not reported:
                    self.served = self._kept()
                if (
                    told["Ready"]["reason"] == "Stopped"
                    and not self._exact
                    and not self.spec.get("revisionHistoryLimit", 3)
                ):
                    self.served = []  # what served before another spec was stopped need not come back

    def _note_served(self) -> None:
        shown = endpoint_of(self._harness.client("sagemaker"), self.endpoint)
        if shown is not None:
            self.seen[f"endpoint {shown['EndpointStatus']}"] += 1
            live = shown["EndpointConfigName"]
            if shown["EndpointStatus"] in {"InService", "Updating"} and (not self.served or self.served[-1] != live):
                self.served = [each for each in self.served if each != live] + [live]

    def _kept(self) -> list[str]:
        """The configs that stay: the one in service, and as many of those before as the spec says."""
        return self.served[-1 - self.spec.get("revisionHistoryLimit", 3) :]

    def _differences(self, told: dict[str, Any]) -> list[str]:
        drifts = told.get("Drifted", {}).get("status") == "True"  # told with what was found, before it is corrected
        if drifts or told["Ready"]["reason"] == "Suspended":
            return []
        found = holding(self._harness.client, self.endpoint)
        # Calls take time: the office may have opened or closed since the operator looked at the clock.
        return min((list(self._differing(told, found, ago)) for ago in (0.0, 60.0)), key=len)

    def _differing(self, told: dict[str, Any], found: dict[str, Any] | None, ago: float) -> Iterable[str]:
        want = self._wanted(ago)
        if told["Ready"]["reason"] == "Stopped" and found is not None and found["status"] == "Deleting":
            return ()
        if want is not None and found is not None and found["status"] in _AT_WORK:
            kept = ("status", "scaling", "strays")  # what is at rest is looked at again when AWS is done
            found = {**found, **{key: want[key] for key in kept}}
        if want is not None and found is not None and not self._exact:
            # Tags of a creation are not read back at once, and what hands do to both is seen when the audit lists it.
            found = {**found, "tags": want["tags"], "scaling": want["scaling"]}
            found["variants"] = _as_scaled(want["variants"], found["variants"])
        return differences(want, found)

    def _wanted(self, ago: float = 0.0) -> dict[str, Any] | None:
        now = datetime.fromtimestamp(self._harness.clock.now() - ago, UTC)
        kept_on = self.spec.keys() - {"officeHours"} if self._is_to_stop(now) else self.spec.keys()
        return wanted({key: self.spec[key] for key in kept_on}, owner(self._name), now)

    def _is_to_stop(self, now: datetime) -> bool:
        """Whether it is told to run outside of its office hours, and to be stopped within a quarter of an hour."""
        told = self._harness.objects[self._name].body["status"].get("officeHours", {})
        if not told.get("outside"):
            return False
        stops_at = datetime.fromisoformat(told["stopsAt"])
        return now - timedelta(minutes=1) <= stops_at <= now + timedelta(minutes=15)

    def check(self) -> None:
        """The end of a history: Ready, AWS as the spec says, to the letter, and nothing beside it.

        Raises:
            AssertionError: it is not so.
        """
        conditions = {each["type"]: each for each in self._harness.objects[self._name].body["status"]["conditions"]}
        generation = self._harness.objects[self._name].body["metadata"]["generation"]
        stopped = self.spec.get("desiredState") == "Stopped"
        assert conditions["Ready"]["status"] == "True", conditions
        assert conditions["Ready"]["reason"] == ("Stopped" if stopped else "InService"), conditions
        assert conditions["Ready"]["observedGeneration"] == generation, conditions
        assert not {"Stalled", "Reconciling"} & conditions.keys(), conditions
        with unseen(self._harness):
            self._note_served()
            different = list(differences(self._wanted(), holding(self._harness.client, self.endpoint)))
            assert not different, different
            self._check_contents()
            self._check_monitoring()
        assert not self.problems, self.problems

    def _check_monitoring(self) -> None:
        """The alarms that tell people, and the dashboard: of one that is stopped, it stays as it was."""
        now = datetime.fromtimestamp(self._harness.clock.now(), UTC)
        want, found = monitoring(self.spec, self.endpoint, now), watching(self._harness.client, self.endpoint)
        if self.spec.get("desiredState") == "Stopped" and want["graphs"] is not None:
            want["graphs"] = found["graphs"]
        different = list(differences(want, found))
        assert not different, different

    def _check_contents(self) -> None:
        """Configs are those in service now and before, models those that they need; all of them the object's."""
        sagemaker = self._harness.client("sagemaker")
        mine = {"NameContains": self.endpoint}
        configs = every(sagemaker, "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", **mine)
        models = every(sagemaker, "list_models", "Models", "ModelName", **mine)
        expected = self._kept() if self.spec.get("desiredState") != "Stopped" else self.served
        told = f"configs {configs}, in service were {self.served}"
        if self._exact:
            assert sorted(configs) == sorted(expected), told
        elif self.served:
            limit = self.spec.get("revisionHistoryLimit", 3)
            assert self.served[-1] in configs, told
            assert len(configs) <= limit + 1, told
            assert len(configs) > 1 or limit == 0 or len(self.served) == 1, told
        needed, arns = set(), []
        for config in configs:
            shown = sagemaker.describe_endpoint_config(EndpointConfigName=config)
            arns.append(shown["EndpointConfigArn"])
            variants = [*shown["ProductionVariants"], *(shown.get("ShadowProductionVariants") or [])]
            needed |= {variant["ModelName"] for variant in variants}
        assert set(models) == needed, f"models {models}, but the configs need {sorted(needed)}"
        arns += [sagemaker.describe_model(ModelName=model)["ModelArn"] for model in models]
        for arn in arns:
            assert owner(self._name).items() <= tags_of(sagemaker, arn).items(), arn


def _as_scaled(want: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """The variants found; of those that are to be scaled, how many instances they have is not compared."""
    scaled = {
        name: {key: "scaled" for key in ("count", "warm") if each.get(key) == "scaled"} for name, each in want.items()
    }
    return {name: {**each, **scaled.get(name, {})} for name, each in found.items()}
