"""Whose registry the image of a serverless variant is in: a pure function.

AWS takes images of other accounts for instances alone. Its own prebuilt ones are in accounts that differ by region and
framework; their repositories have the same names everywhere, and those are known here. Of one that is not, AWS speaks.
"""

import re

from smendpoints.domain.desired.desired import Desired

_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/(?P<repository>[^:@]+)")
_PREBUILT = re.compile(
    r"""(autogluon|djl|mxnet|(stabilityai-)?pytorch|(huggingface-)?tensorflow|huggingface-pytorch(-tgi)?)-inference
    |blazingtext|factorization-machines|forecasting-deepar|image-classification|ipinsights|kmeans|knn|lda|linear-learner
    |ntm|object-detection|object2vec|pca|randomcutforest|semantic-segmentation|seq2seq|tei(-cpu)?|xgboost
    |sagemaker-(base-python|chainer|mxnet(-serving)?|pytorch|scikit-learn|sparkml-serving|tritonserver|xgboost)
    |sagemaker-(inference-(mxnet|pytorch|tensorflow)|tensorflow(-serving)?)""",
    re.VERBOSE,
)


def foreign_image(desired: Desired) -> str | None:
    """What to tell of a serverless variant whose image is in another account than the endpoint's; None where none is.

    The endpoint's account is that of its execution role, which AWS takes of no other.
    """
    models = {model.name: model for model in desired.models}
    for entry in desired.config_request["ProductionVariants"]:
        if "ServerlessConfig" not in entry:
            continue
        model = models[entry["ModelName"]]
        own = model.request["ExecutionRoleArn"].split(":")[4]
        for container in model.containers():
            image = _ECR.match(container["Image"])
            if image is None or image["account"] == own or _PREBUILT.fullmatch(image["repository"]):
                continue
            return (
                f"variant {entry['VariantName']}: the image {container['Image']} is in account {image['account']}, and "
                f"AWS runs serverless only images of the endpoint's own account, {own}, and its prebuilt ones: copy "
                f"the image to a repository in {own}, or use instance instead of serverless"
            )
    return None
