"""The life that `make e2e` lives on an account, on the sandbox: so it is known to work, and its claims are the simulator's."""

import time

from botocore.config import Config

from smsandbox import assets
from smsandbox.assets import ROLE_ARN
from smsandbox.testing.e2e import claims
from smsandbox.testing.e2e.life import Target, live
from smsandbox.testing.samples import endpoints, furnish, samples
from smsandbox.testing.stage import SECONDS, Stage


def test_an_endpoint_lives_with_a_trained_model_and_the_simulator_answers_as_it_claims(stage: Stage) -> None:
    """Created, invoked, scaled, rolled out, a rollout that fails, put back, deleted; no request fails, nothing is left."""
    cloud = stage.cloud
    assets.ensure(cloud.world)
    for sample in samples():
        for each in endpoints(sample):
            furnish(each["spec"], cloud.aws)  # echoes in the place of image and models, as other tests leave them
    trained = assets.ensure(cloud.world)
    cloud.simulator.change(containers=True)
    runtime = assets.client(cloud.world, "sagemaker-runtime", Config(retries={"total_max_attempts": 1}))
    target = Target(
        kubectl=stage.kubectl,
        aws=lambda service: runtime if service == "sagemaker-runtime" else cloud.aws(service),
        namespace=stage.namespace,
        role=ROLE_ARN,
        image=trained.ecr_image_uri,
        artifact=trained.model_data_url,
        instance_type="ml.m5.large",
        step_seconds=SECONDS,
        deadline=time.monotonic() + 3 * SECONDS,
        pause=0.2,
    )
    seen = live(target)
    print(claims.table(seen.answers, seen.seconds))
    assert claims.differences(seen.answers) == {}
