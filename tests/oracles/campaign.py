"""A campaign's selection, worked out customer by customer in plain Python from the files alone.

It shares no code with the project: not the join, not the ids, not the draw, not the sums.
"""

import csv
import hashlib
import hmac
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_WORD = 2**64


def same_customer(customer_id: str) -> str:
    """Write an id as all its spellings have it."""
    return "".join(each for each in customer_id if each not in " \t").casefold()


def siphash(data: bytes, key: bytes) -> int:
    """Hash by SipHash-2-4, as its authors describe it (Aumasson and Bernstein 2012)."""
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:16], "little")
    v = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]

    def turn(rounds: int) -> None:
        for _ in range(rounds):
            v[0] = (v[0] + v[1]) % _WORD
            v[1] = _left(v[1], 13) ^ v[0]
            v[0] = _left(v[0], 32)
            v[2] = (v[2] + v[3]) % _WORD
            v[3] = _left(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) % _WORD
            v[3] = _left(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) % _WORD
            v[1] = _left(v[1], 17) ^ v[2]
            v[2] = _left(v[2], 32)

    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) % 256])
    for start in range(0, len(padded), 8):
        word = int.from_bytes(padded[start : start + 8], "little")
        v[3] ^= word
        turn(2)
        v[0] ^= word
    v[2] ^= 0xFF
    turn(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _left(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) % _WORD


def drawn(secret: str, purpose: str, experiment: str, customer_id: str) -> int:
    """Draw for a customer."""
    key = hmac.new(secret.encode(), f"experiment {purpose} {experiment}".encode(), hashlib.sha256).digest()
    return siphash(same_customer(customer_id).encode(), key)


@dataclass
class Groups:
    """Who ends where: `contacts` and `controls` best first, everybody else by id with the reason."""

    contacts: list[str] = field(default_factory=list)
    controls: list[str] = field(default_factory=list)
    below_cut: list[str] = field(default_factory=list)
    unprofitable: list[str] = field(default_factory=list)
    excluded: dict[str, str] = field(default_factory=dict)
    buckets: dict[str, int] = field(default_factory=dict)
    profits: dict[str, float] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)

    @property
    def reasons(self) -> Counter[str]:
        """Count those who are not eligible by reason."""
        return Counter(self.excluded.values())


def select(
    scores: Path,
    charges: Mapping[str, float],
    campaign: Mapping[str, Any],
    *,
    secret: str,
    objected: Iterable[str] = (),
    bases: Mapping[tuple[str, str], str] | None = None,
    resting: Iterable[str] = (),
    values: Mapping[str, float] | None = None,
) -> Groups:
    """Put every customer of a scores.csv into a group; `charges` are the MonthlyCharges by id.

    `campaign` is as JSON has it; `bases` are by customer and channel, None without a list; `values` are
    those of a file, if the campaign uses one.
    """
    objectors, resters = set(map(same_customer, objected)), set(map(same_customer, resting))
    based = {(same_customer(each), channel): basis for (each, channel), basis in (bases or {}).items()}
    worth = None if values is None else {same_customer(each): value for each, value in values.items()}
    rules, experiment = campaign["eligibility"], campaign["experiment"]
    acceptance, incentive, contact = (campaign[name] for name in ("acceptance", "incentive", "contact_cost"))
    groups = Groups()
    candidates = []
    with scores.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        name = row["customerID"]
        who, p = same_customer(name), float(row["churn_probability"])
        if worth is None:
            value = charges[name] * (campaign["value"]["margin"] * campaign["value"]["months"])
        else:
            value = worth.get(who, math.nan)
        if who in objectors:
            groups.excluded[name] = "objected"
        elif row["in_domain"] == "0" and not rules["out_of_domain"]:
            groups.excluded[name] = "out_of_domain"
        elif row["risk_band"] not in rules["risk_bands"] or p < rules["minimum_probability"]:
            groups.excluded[name] = "risk"
        elif rules["bases"] and based.get((who, campaign["channel"])) not in rules["bases"]:
            groups.excluded[name] = "no_basis"
        elif who in resters:
            groups.excluded[name] = "rests"
        elif math.isnan(value):
            groups.excluded[name] = "no_value"
        else:
            profit = p * acceptance * (value - incentive) - (1.0 - p) * incentive - contact
            if profit <= 0:
                groups.below_cut.append(name)
                groups.unprofitable.append(name)
            else:
                groups.profits[name] = profit
                groups.costs[name] = (p * acceptance + (1.0 - p)) * incentive + contact
                groups.buckets[name] = drawn(secret, "bucket", experiment["id"], name) % 10_000
                candidates.append((-profit, drawn(secret, "tie", experiment["id"], name), name))
    _walk(sorted(candidates), groups, campaign)
    return groups


def _walk(ranked: list[tuple[float, int, str]], groups: Groups, campaign: Mapping[str, Any]) -> None:
    """Go down the ranking until the budget ends; controls use none of it."""
    most, money = campaign["budget"]["contacts"], campaign["budget"]["money"]
    below_share = round(campaign["experiment"]["control_share"] * 10_000)
    spent = 0
    for place, (_, _, name) in enumerate(ranked):
        if groups.buckets[name] < below_share:
            groups.controls.append(name)
            continue
        price = round(groups.costs[name] * 1_000_000)
        if (most is not None and len(groups.contacts) == most) or (
            money is not None and spent + price > round(money * 1_000_000)
        ):
            groups.below_cut += [each for _, _, each in ranked[place:]]
            return
        spent += price
        groups.contacts.append(name)
