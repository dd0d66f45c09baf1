"""Operator settings for alarms and retention."""

from pydantic import Field, StrictInt

from schemas.closed import Closed, Number


class AlarmPolicy(Closed):
    """Thresholds of the alarms."""

    max_age_hours: StrictInt = Field(
        default=30,
        ge=1,
        le=8_760,
        description="Hours from the end (UTC) of the newest scores' as-of date until they are stale.",
    )
    max_champion_days: StrictInt = Field(
        default=60,
        ge=1,
        le=3_650,
        description="Days from a champion's training until it is stale.",
    )
    max_wait_hours: StrictInt = Field(
        default=30, ge=1, le=8_760, description="Hours that an extract may wait in inbox/ or work/."
    )
    rejected_days: StrictInt = Field(
        default=7, ge=1, le=365, description="Days for which a rejected extract raises an alarm."
    )
    max_sweep_days: StrictInt = Field(
        default=7,
        ge=1,
        le=3_650,
        description="Days since the last sweep or, without one, since the first expiry.",
    )
    max_out_of_domain_share: Number = Field(
        default=0.05, gt=0, lt=1, description="Share of the latest customers outside the training domain."
    )
    max_flagged_change: Number = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Change of the share of flagged customers from an earlier day by the same bundle.",
    )
    min_free_share: Number = Field(
        default=0.1, gt=0, lt=1, description="Share of the disk that must be free."
    )


class RetentionPolicy(Closed):
    """Retention periods; published scores are deleted after the `expires_on` of their manifest."""

    archive_days: StrictInt = Field(
        default=90, ge=1, le=3_650, description="Days after its as-of date that a scored extract is kept."
    )
    rejected_days: StrictInt = Field(
        default=30, ge=1, le=3_650, description="Days after its rejection that a rejected extract is kept."
    )
    runs_days: StrictInt = Field(
        default=30,
        ge=1,
        le=3_650,
        description="Days after its start that a training's checkpoints and TensorBoard logs are kept.",
    )
    prefect_days: StrictInt = Field(
        default=30, ge=1, le=3_650, description="Days after its end that Prefect keeps a run with its logs."
    )
