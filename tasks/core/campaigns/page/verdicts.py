"""Judge from intervals whether a campaign's list leaves a protected group out, or singles it out."""

from typing import Literal

from schemas.campaign_files import GroupShare
from schemas.disclosure import SMALLEST_CELL

Verdict = Literal["more", "less", "none", "absent", "few"]


def group_verdict(group: GroupShare) -> Verdict:
    """Compare a group's share of the list with its share of everybody scored.

    The list differs visibly if the two 95 % intervals do not overlap, which is stricter than a test at 5 %.
    `absent`: nobody of this group is on the list, visibly so; `few`: the list is too short to judge.
    """
    everybody, listed = group.everybody, group.contacts
    if listed.of < SMALLEST_CELL or listed.low is None or listed.high is None:
        return "few"
    if everybody.low is None or everybody.high is None:
        return "few"
    if listed.low > everybody.high:
        return "more"
    if listed.high < everybody.low:
        return "less" if listed.count else "absent"
    return "none"
