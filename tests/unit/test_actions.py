"""The calls that the operator makes in AWS, in full."""

import pytest

from smendpoints.domain.plan.actions import Action, Verb

SAGEMAKER, SCALING, CLOUDWATCH = "sagemaker", "application-autoscaling", "cloudwatch"
CALLS = {
    "CREATE_MODEL": (SAGEMAKER, "create_model", "make the model x"),
    "DELETE_MODEL": (SAGEMAKER, "delete_model", "delete the model x"),
    "CREATE_CONFIG": (SAGEMAKER, "create_endpoint_config", "make the config x"),
    "DELETE_CONFIG": (SAGEMAKER, "delete_endpoint_config", "delete the config x"),
    "CREATE_ENDPOINT": (SAGEMAKER, "create_endpoint", "create the endpoint x"),
    "UPDATE_ENDPOINT": (SAGEMAKER, "update_endpoint", "update the endpoint x"),
    "SET_WEIGHTS_AND_CAPACITIES": (
        SAGEMAKER,
        "update_endpoint_weights_and_capacities",
        "set weights and counts of x",
    ),
    "DELETE_ENDPOINT": (SAGEMAKER, "delete_endpoint", "delete the endpoint x"),
    "ADD_TAGS": (SAGEMAKER, "add_tags", "tag x"),
    "DELETE_TAGS": (SAGEMAKER, "delete_tags", "take tags off x"),
    "REGISTER_TARGET": (SCALING, "register_scalable_target", "set the bounds of v"),
    "DEREGISTER_TARGET": (SCALING, "deregister_scalable_target", "end the scaling of v"),
    "PUT_POLICY": (SCALING, "put_scaling_policy", "put the scaling policy p of v"),
    "DELETE_POLICY": (SCALING, "delete_scaling_policy", "delete the scaling policy p of v"),
    "PUT_SCHEDULE": (SCALING, "put_scheduled_action", "put the schedule p of v"),
    "DELETE_SCHEDULE": (SCALING, "delete_scheduled_action", "delete the schedule p of v"),
    "PUT_ALARM": (CLOUDWATCH, "put_metric_alarm", "put the alarm x"),
    "DELETE_ALARMS": (CLOUDWATCH, "delete_alarms", "delete the alarms x"),
    "SET_ALARM": (CLOUDWATCH, "set_alarm_state", "set the state of the alarm x"),
    "TAG_ALARM": (CLOUDWATCH, "tag_resource", "tag the alarm x"),
    "UNTAG_ALARM": (CLOUDWATCH, "untag_resource", "take tags off the alarm or dashboard x"),
    "PUT_DASHBOARD": (CLOUDWATCH, "put_dashboard", "put the dashboard x"),
    "DELETE_DASHBOARD": (CLOUDWATCH, "delete_dashboards", "delete the dashboard x"),
}
BUSY_AFTER = {"CREATE_ENDPOINT", "UPDATE_ENDPOINT", "SET_WEIGHTS_AND_CAPACITIES", "DELETE_ENDPOINT"}


def test_there_are_no_others() -> None:
    assert {verb.name for verb in Verb} == CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is(name: str) -> None:
    verb = Verb[name]
    target = "x"
    if verb.service == SCALING:
        target = "endpoint/e/variant/v" + ("" if name.endswith("_TARGET") else " p")
    assert (verb.service, verb.operation, Action(verb, target, {}).in_words()) == CALLS[name]
    assert verb.removes is verb.operation.startswith(("delete", "deregister", "untag"))
    assert verb.changes_endpoint is (name in BUSY_AFTER)


def test_equal_calls_have_one_fingerprint_whatever_the_order_of_their_members() -> None:
    one = Action(Verb.PUT_ALARM, "x", {"a": 1, "b": 2})
    assert one.fingerprint() == Action(Verb.PUT_ALARM, "x", {"b": 2, "a": 1}).fingerprint()
    others = [
        Action(Verb.PUT_ALARM, "x", {"a": 1, "b": 3}),
        Action(Verb.PUT_ALARM, "y", {"a": 1, "b": 2}),
        Action(Verb.TAG_ALARM, "x", {"a": 1, "b": 2}),
    ]
    assert one.fingerprint() not in {each.fingerprint() for each in others}


ABOUT = {
    "contents": {"CREATE_MODEL", "CREATE_CONFIG"},
    "garbage": {"DELETE_MODEL", "DELETE_CONFIG"},
    "endpoint": {"CREATE_ENDPOINT", "UPDATE_ENDPOINT", "SET_WEIGHTS_AND_CAPACITIES", "DELETE_ENDPOINT"},
    "tags": {"ADD_TAGS", "DELETE_TAGS"},
    "rollback": {"SET_ALARM"},
}


@pytest.mark.parametrize("verb", Verb)
def test_a_refusal_of_a_call_ends_the_calls_that_are_about_the_same(verb: Verb) -> None:
    about = next((about for about, verbs in ABOUT.items() if verb.name in verbs), "autoscaling")
    assert verb.about == about
