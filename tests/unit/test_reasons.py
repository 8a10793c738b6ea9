"""The reasons that programs rely on, in full: whoever renames one breaks somebody's alerts."""

from smendpoints.domain.reasons import AS_IT_SHOULD, Reason

TOLD = """
Pending Creating Recreating Updating RollingBack Scaling ShiftingTraffic Deleting Retaining DeletionSuspended Stopping Maintenance
InService Stopped StoppedCannotStart Suspended RolledBackToRevision Deleted Retained
CreateFailed UpdateFailed EndpointFailed OutOfService NotOwned InvalidSpec NameConflict NameTaken
PolicyViolation PolicyUnknown QuotaExceeded CapacityShortage AccessDenied CredentialsNotUsable
ModelNotAccessible ImageNotFound ArtifactNotFound RoleNotFound SecretNotFound AlarmNotFound NotSupported Throttled AWSUnavailable EndpointBusy
ChangeFailed InternalError RevisionNotFound NotWritten Void
Serving NoInstances NotFound
MonitoringActive TopicNotFound
ScalingActive ScalingPending ScalingSuspended ScalingFailed
SourceOverwritten DriftFound InSync OutsideOfficeHours ChangedInPlace Adopted PreflightIncomplete RolloutJudged FewRequests
"""
WELL = """
Pending Creating Recreating Updating Scaling ShiftingTraffic Deleting Retaining Stopping Maintenance InService Stopped Suspended Adopted RolledBackToRevision
"""


def test_the_reasons_are_these() -> None:
    assert sorted(Reason) == sorted(TOLD.split())


def test_an_event_of_these_is_no_warning() -> None:
    assert sorted(AS_IT_SHOULD) == sorted(WELL.split())
