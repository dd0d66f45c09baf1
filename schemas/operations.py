"""Operator settings for alarms and retention."""

from pydantic import Field, StrictInt

from schemas.closed import Closed, Number
from schemas.timezone import DEFAULT_TIMEZONE, Timezone


class AlarmPolicy(Closed):
    """Thresholds for alarms."""

    max_age_hours: StrictInt = Field(
        default=30,
        ge=1,
        le=8_760,
        description="Hours after the end of their as-of date at which the newest scores become stale.",
    )
    max_champion_days: StrictInt = Field(
        default=60,
        ge=1,
        le=3_650,
        description="Days after training at which a champion becomes stale.",
    )
    max_wait_hours: StrictInt = Field(
        default=30, ge=1, le=8_760, description="Hours that an extract may wait in inbox/ or work/."
    )
    rejected_days: StrictInt = Field(
        default=7, ge=1, le=365, description="Days for which a rejected extract raises an alarm."
    )
    max_proposal_hours: StrictInt = Field(
        default=24, ge=1, le=720, description="Hours that a proposal of a campaign may wait for a decision."
    )
    max_sweep_days: StrictInt = Field(
        default=7,
        ge=1,
        le=3_650,
        description="Days since the last sweep or, if there was none, since something first expired.",
    )
    max_out_of_domain_share: Number = Field(
        default=0.05, gt=0, lt=1, description="Share of customers that may be outside the training domain."
    )
    max_flagged_change: Number = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Change in the share of flagged customers since an earlier day, by the same bundle.",
    )
    min_free_share: Number = Field(
        default=0.1, gt=0, lt=1, description="Share of the disk that must be free."
    )


class RetentionPolicy(Closed):
    """Retention periods; published scores are deleted after the `expires_on` date in their manifest."""

    timezone: Timezone = DEFAULT_TIMEZONE
    archive_days: StrictInt = Field(
        default=90,
        ge=1,
        le=3_650,
        description="Days to keep a scored extract after its as-of date, and the true probabilities that the"
        " simulator writes into the inbox.",
    )
    rejected_days: StrictInt = Field(
        default=30, ge=1, le=3_650, description="Days to keep a rejected extract after its rejection."
    )
    runs_days: StrictInt = Field(
        default=30,
        ge=1,
        le=3_650,
        description="Days to keep a training run's checkpoints and TensorBoard logs after its start.",
    )
    contacts_days: StrictInt = Field(
        default=1_095,
        ge=1,
        le=3_650,
        description="Days to keep the fingerprints of an objection list after the last run that was given it,"
        " except for the newest.",
    )
    proposals_days: StrictInt = Field(
        default=90,
        ge=1,
        le=3_650,
        description="Days to keep a proposal after its expiry; approved campaigns are deleted after the"
        " `expires_on` in their manifest.",
    )
    prefect_days: StrictInt = Field(
        default=30,
        ge=1,
        le=3_650,
        description="Days to keep a run and its logs in Prefect after its end, and the errors and undelivered"
        " events in Prefect's folder.",
    )
