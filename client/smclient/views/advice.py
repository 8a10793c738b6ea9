"""What to do next with an experiment, in whole sentences. Pure, of its view."""

from smclient.views.experiments import ExperimentView


def advice(view: ExperimentView) -> str:
    """What to do next."""
    where = f"-n {view.namespace}"
    delete = f"`kubectl delete smexperiment {view.name} {where}`"
    if view.phase == "Deleting":
        return f"Nothing: it goes once {view.endpoint} serves by the weights of its spec again."
    if view.verdict == "SHIP":
        serves = f"{view.winner} serves all of the arms' traffic already. " if view.owns else ""
        return (
            f"{serves}Write it into the spec of {view.endpoint}: `kubectl smendpoint promote {view.name} {where}`."
            f" Then {delete}."
        )
    if view.verdict == "ROLLBACK":
        control = next(arm.variant for arm in view.arms if arm.control)
        others = ", ".join(arm.variant for arm in view.arms if not arm.control)
        return f"Keep {control}: take {others} out of the spec of {view.endpoint}. Then {delete}."
    if view.verdict == "INVALID":
        return f"Nothing can be concluded: repair what the message says, {delete}, and make a new one."
    if view.verdict == "INCONCLUSIVE":
        return (
            "No difference was shown; the interval says what is excluded. Keep the cheaper or simpler variant, or make"
            f" a new one that runs longer or gets more traffic. Then {delete}."
        )
    if view.stalled:
        return "Repair what the message says; the operator then goes on by itself."
    if view.phase == "Running":
        return f"Wait, and look as often as you like: that makes the verdict no less sure. To stop it, {delete}."
    return f"Wait for it to begin. To give it up, {delete}."
