"""The reasons of conditions and events: CamelCase constants that programs may rely on."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a condition is as it is."""

    # on the way
    PENDING = "Pending"
    CREATING = "Creating"
    UPDATING = "Updating"
    ROLLING_BACK = "RollingBack"
    SCALING = "Scaling"
    SHIFTING = "ShiftingTraffic"
    RECREATING = "Recreating"
    RETAINING = "Retaining"
    DELETING = "Deleting"
    STOPPING = "Stopping"
    MAINTENANCE = "Maintenance"
    # arrived
    IN_SERVICE = "InService"
    STOPPED = "Stopped"
    CANNOT_START = "StoppedCannotStart"
    SUSPENDED = "Suspended"
    ROLLED_BACK_TO = "RolledBackToRevision"
    DELETED = "Deleted"
    RETAINED = "Retained"
    DELETION_SUSPENDED = "DeletionSuspended"
    # wrong
    CREATE_FAILED = "CreateFailed"
    UPDATE_FAILED = "UpdateFailed"
    ENDPOINT_FAILED = "EndpointFailed"
    OUT_OF_SERVICE = "OutOfService"
    NOT_OWNED = "NotOwned"
    INVALID_SPEC = "InvalidSpec"
    NAME_CONFLICT = "NameConflict"
    NAME_TAKEN = "NameTaken"
    POLICY_VIOLATION = "PolicyViolation"
    POLICY_UNKNOWN = "PolicyUnknown"
    QUOTA_EXCEEDED = "QuotaExceeded"
    CAPACITY_SHORTAGE = "CapacityShortage"
    ACCESS_DENIED = "AccessDenied"
    CREDENTIALS = "CredentialsNotUsable"
    NOT_ACCESSIBLE = "ModelNotAccessible"
    IMAGE_NOT_FOUND = "ImageNotFound"
    ARTIFACT_NOT_FOUND = "ArtifactNotFound"
    ROLE_NOT_FOUND = "RoleNotFound"
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - a reason
    ALARM_NOT_FOUND = "AlarmNotFound"
    REVISION_NOT_FOUND = "RevisionNotFound"
    NOT_SUPPORTED = "NotSupported"
    THROTTLED = "Throttled"
    UNAVAILABLE = "AWSUnavailable"
    BUSY = "EndpointBusy"
    CHANGE_FAILED = "ChangeFailed"
    INTERNAL_ERROR = "InternalError"
    # in the log alone
    NOT_WRITTEN = "NotWritten"
    VOID = "Void"
    # whether it answers
    SERVING = "Serving"
    NO_INSTANCES = "NoInstances"
    NOT_FOUND = "NotFound"
    # autoscaling
    AUTOSCALING_ACTIVE = "ScalingActive"
    AUTOSCALING_PENDING = "ScalingPending"
    AUTOSCALING_SUSPENDED = "ScalingSuspended"
    AUTOSCALING_FAILED = "ScalingFailed"
    # alarms and dashboard
    MONITORING_ACTIVE = "MonitoringActive"
    TOPIC_NOT_FOUND = "TopicNotFound"
    # while it serves
    OVERWRITTEN = "SourceOverwritten"
    # drift
    DRIFT_FOUND = "DriftFound"
    IN_SYNC = "InSync"
    # by office hours, for events
    OUTSIDE_HOURS = "OutsideOfficeHours"
    # of a rollout that is judged, for events
    JUDGED = "RolloutJudged"
    FEW_REQUESTS = "FewRequests"
    # done in place, for events
    IN_PLACE = "ChangedInPlace"
    ADOPTED = "Adopted"
    # not done, for events
    PREFLIGHT_INCOMPLETE = "PreflightIncomplete"


AS_IT_SHOULD = frozenset(
    {
        Reason.PENDING,
        Reason.CREATING,
        Reason.UPDATING,
        Reason.SCALING,
        Reason.SHIFTING,
        Reason.RECREATING,
        Reason.RETAINING,
        Reason.DELETING,
        Reason.STOPPING,
        Reason.MAINTENANCE,
        Reason.IN_SERVICE,
        Reason.STOPPED,
        Reason.SUSPENDED,
        Reason.ADOPTED,
        Reason.ROLLED_BACK_TO,
    }
)
