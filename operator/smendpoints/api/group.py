"""The names by which Kubernetes knows what is ours: group, version, kinds, finalizers, annotations.

Text alone, so that who only needs a name (a command line that has to be quick) loads no types.
"""

GROUP = "smendpoints.dev"
VERSION = "v1alpha1"

PLURAL, KIND = "sagemakerendpoints", "SageMakerEndpoint"
EXPERIMENT_PLURAL, EXPERIMENT_KIND = "sagemakerexperiments", "SageMakerExperiment"
POLICY_PLURAL, POLICY_KIND = "sagemakerendpointpolicies", "SageMakerEndpointPolicy"

FINALIZER = f"{GROUP}/finalizer"
EXPERIMENT_FINALIZER = f"{GROUP}/experiment"

RETRY = f"{GROUP}/retry"
REDEPLOYED_AT = f"{GROUP}/redeployedAt"
ROLLBACK_TO = f"{GROUP}/rollbackTo"
ABORT_REVISION = f"{GROUP}/abortRevision"
KEEP_RUNNING_UNTIL = f"{GROUP}/keepRunningUntil"
ASKING = (RETRY, REDEPLOYED_AT, ROLLBACK_TO, ABORT_REVISION, KEEP_RUNNING_UNTIL)
"""The annotations by which a user asks for something."""
