"""A made-up campaign: its proposal, its manifest, and rows of its list."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pandas as pd

from schemas.campaign import Budget, Campaign, ChargesValue, Experiment, Validity
from schemas.campaign_files import (
    CALL_COLUMNS,
    Bin,
    CampaignManifest,
    CurvePoint,
    Decision,
    Funnel,
    GroupShare,
    Plan,
    Proposal,
    Proposed,
    ReasonCount,
    ScoresUsed,
    ShareOf,
    Totals,
)
from schemas.horizon import Horizon
from schemas.manifest import ContactsUsed, FileSeal
from tasks.core.campaigns.choice.power import plan_power
from tasks.core.intervals import wilson

DAY = date(2026, 11, 30)
PROPOSED_AT = datetime(2026, 11, 30, 6, 12, 45, tzinfo=UTC)
NAME = f"fin-d-annee-{DAY}-{'a' * 16}"
SCORES = f"{DAY}-{'1' * 16}-{'2' * 16}-{'3' * 16}"

Code = Literal["fr", "en"]


def make_campaign(language: Code = "fr", **changes: object) -> Campaign:
    """Make a campaign by phone with a tenth of its customers in the control group."""
    settings: dict[str, object] = {
        "id": "fin-d-annee",
        "validity": Validity(first_day=date(2026, 12, 1), last_day=date(2026, 12, 14)),
        "offer": "Remise de 20 % pendant 6 mois contre un engagement d'un an",
        "channel": "phone",
        "value": ChargesValue(margin=0.35, months=14),
        "incentive": 42,
        "contact_cost": 4.5,
        "acceptance": 0.3,
        "budget": Budget(contacts=900, money=25_000),
        "experiment": Experiment(id="hiver-2026", control_share=0.12),
        "language": language,
    }
    return Campaign.model_validate(settings | changes)


def share_of(count: int, of: int) -> ShareOf:
    """Make a share with its interval."""
    if of == 0:
        return ShareOf(count=0, of=0, share=None, low=None, high=None)
    low, high = wilson(count, of)
    return ShareOf(count=count, of=of, share=count / of, low=low, high=high)


def make_plan() -> Plan:
    """Make the plan of 7,043 customers, 900 of whom are contacted and 219 are in the control group."""
    everybody = (1_912, 1_106, 842, 705, 586, 522, 468, 391, 318, 193)
    contacts = (0, 0, 0, 14, 62, 118, 181, 214, 190, 121)
    return Plan(
        funnel=Funnel(
            scored=7_043,
            contacts=900,
            controls=219,
            below_cut=704,
            unprofitable=88,
            not_eligible={"objected": 131, "out_of_domain": 17, "risk": 4_733, "no_basis": 297, "rests": 42},
        ),
        totals=Totals(expected_profit=53154.1, expected_cost=24_871.5, mean_probability=0.7134),
        power=plan_power(900, 219, 0.7134, 0.12),
        curve=tuple(
            CurvePoint(contacts=n, profit=60_000 * (1 - (1 - n / 1_512) ** 2.4)) for n in range(0, 1_513, 36)
        ),
        risk=tuple(
            Bin(low=i / 10, high=(i + 1) / 10, everybody=everybody[i], contacts=contacts[i])
            for i in range(10)
        ),
        reasons=(
            ReasonCount(column="tenure", everybody=2_313, contacts=402),
            ReasonCount(column="Contract", everybody=1_877, contacts=311),
            ReasonCount(column="InternetService", everybody=1_204, contacts=148),
            ReasonCount(column="MonthlyCharges", everybody=388, contacts=21),
            ReasonCount(column="TechSupport", everybody=211, contacts=18),
            ReasonCount(column="", everybody=1_050, contacts=0),
        ),
        protected=(
            _group("gender", "Female", 3_488, 946, 461),
            _group("gender", "Male", 3_555, 877, 439),
            _group("SeniorCitizen", "0", 5_901, 1_358, 641),
            _group("SeniorCitizen", "1", 1_142, 465, 259),
        ),
    )


def _group(column: str, value: str, everybody: int, eligible: int, contacts: int) -> GroupShare:
    return GroupShare(
        column=column,
        value=value,
        everybody=share_of(everybody, 7_043),
        eligible=share_of(eligible, 1_823),
        contacts=share_of(contacts, 900),
    )


def make_proposal(language: Code = "fr", plan: Plan | None = None, **changes: object) -> Proposal:
    """Make a proposal; `changes` are those of its campaign."""
    return Proposal(
        name=NAME,
        attempt=0,
        campaign=make_campaign(language, **changes),
        campaign_sha256="c" * 64,
        value_file=None,
        value_sha256=None,
        resting=(),
        timezone="Europe/Paris",
        key_id="7" * 16,
        as_of=DAY,
        extract=None,
        scores=ScoresUsed(
            folder=SCORES,
            manifest_sha256="d" * 64,
            extract_id="1" * 16,
            bundle_id="2" * 16,
            model_id="4" * 16,
            simulated=False,
            horizon=Horizon(days=30, source="assumed"),
        ),
        contacts=ContactsUsed(
            objections_id="5" * 16, objections=131, basis_id="6" * 16, bases=9_412, quarantined=3
        ),
        plan=plan or make_plan(),
        run_id=None,
        proposed_at=PROPOSED_AT,
        expires_at=PROPOSED_AT + timedelta(hours=72),
    )


def make_manifest(
    proposal: Proposal, outcome: Literal["approved", "refused"] = "approved"
) -> CampaignManifest:
    """Make the manifest of the folder that follows a proposal."""
    shared = {name: getattr(proposal, name) for name in ("campaign", "campaign_sha256", "as_of", "scores")}
    return CampaignManifest(
        files={"campaign.csv": FileSeal(sha256="e" * 64, size=104_332)},
        name=proposal.name,
        proposal=proposal.name,
        value_sha256=None,
        key_id=proposal.key_id,
        contacts=proposal.contacts,
        plan=proposal.plan,
        proposed=Proposed(contacts=912, controls=101, expected_profit=14_400.0),
        decision=Decision(
            outcome=outcome,
            by="Claire Martin",
            at=datetime(2026, 11, 30, 9, 40, 11, tzinfo=UTC),
            comment="Accord, si l'équipe du soir est au complet.",
        ),
        versions={"telconova-churn": "0.1.0", "xlsxwriter": "3.3.1"},
        expires_on=date(2027, 2, 28),
        **shared,
    )


REASONS = (
    ("tenure=2", "Contract=Month-to-month"),
    ("InternetService=Fiber optic", "MonthlyCharges=99.65"),
    ("Contract=Month-to-month", "TotalCharges="),
    ("TechSupport=No", ""),
)


def make_rows(ids: list[str]) -> pd.DataFrame:
    """Make a row of the list for each id."""
    rows = [
        {
            "campaign_id": "fin-d-annee",
            "customerID": each,
            "priority": i + 1,
            "decile": 1 + i * 4 // len(ids),
            "risk_band": "high" if i % 3 else "medium",
            "reason_1": REASONS[i % len(REASONS)][0],
            "reason_2": REASONS[i % len(REASONS)][1],
            "suggested_action": "Remise de 20 % pendant 6 mois contre un engagement d'un an",
            "monthly_value": 70.35 + i,
            "expected_value": 51.279 - 3.5 * i,
            "phone": 1,
            "email": i % 2,
            "sms": 0,
            "basis": ("contract", "consent")[i % 2],
            "model_version": "2" * 16,
            "scored_on": DAY.isoformat(),
            "valid_until": date(2026, 12, 14),
            "adviser_decision": "",
        }
        for i, each in enumerate(ids)
    ]
    return pd.DataFrame(rows, columns=list(CALL_COLUMNS))
