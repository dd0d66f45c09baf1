"""Render the status as a plain-text page, 100 columns wide."""

import textwrap
from typing import Final

from schemas.status import Disk, NightStatus, Status, Waiting

WIDTH: Final = 100
_REJECTED_SHOWN: Final = 5
_GLUE: Final = "\0"
"""A space at which no line is broken."""

_THOUSAND: Final = 1_000
_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")


def page(status: Status) -> str:
    """Render the page, alarms first."""
    count = len(status.alarms)
    verdict = "no alarms" if not count else f"{count} alarm{'s' if count > 1 else ''}"
    title = f"TelcoNova churn, {status.at:%Y-%m-%d %H:%M} UTC{', a run is scoring' if status.running else ''}"
    lines = [f"{title}{verdict:>{WIDTH - len(title)}}", "=" * WIDTH]
    for alarm in status.alarms:
        lines += _wrapped(f"! {alarm.code}: {alarm.message}")
    lines += ["", "Champion", *_champion(status)]
    lines += ["", "Nights (* latest, - superseded)", *_nights(status.nights)]
    lines += ["", "Waiting", *_wrapped(f"inbox: {_waiting(status.inbox)}; work: {_waiting(status.work)}")]
    lines += ["", "Rejected lately", *_rejected(status)]
    lines += ["", "Disk", *_disk(status.disk)]
    return "\n".join(lines).replace(_GLUE, " ")


def _champion(status: Status) -> list[str]:
    champion = status.champion
    if champion is None:
        return ["  none that verifies"]
    origin = f"{champion.bundle_id} trained {champion.trained_at:%Y-%m-%d}"
    marks = f"{', FORCED' if champion.forced else ''}{', SIMULATED customers' if champion.simulated else ''}"
    return [
        f"  {origin}, gate: {champion.gate_outcome}, verified{marks}",
        f"  model {champion.model_id}, in service since {champion.since:%Y-%m-%d %H:%M} ({champion.action})",
    ]


def _nights(nights: tuple[NightStatus, ...]) -> list[str]:
    if not nights:
        return ["  none"]
    heads = ("", "as of", "extract", "received", "scored", "quarantined", "duplicates", "bundle")
    rows = [heads, *map(_row, nights)]
    days = ", ".join(sorted({f"{night.as_of_date}" for night in nights if night.simulated}))
    widths = (1, 10, 16, 10, 10, 11, 10, 16)
    lines = [
        "  "
        + "  ".join(
            f"{cell:>{width}}" if cell.isdecimal() or head in heads[3:7] else f"{cell:<{width}}"
            for cell, head, width in zip(row, heads, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return [*lines, *(_wrapped(f"of SIMULATED customers: {days}") if days else [])]


def _row(night: NightStatus) -> tuple[str, ...]:
    return (
        "*" if night.latest else "-" if night.superseded else "",
        f"{night.as_of_date}",
        night.extract_id,
        f"{night.received}",
        f"{night.scored}",
        f"{night.quarantined}",
        f"{night.exact_duplicates}",
        night.bundle_id,
    )


def _waiting(waiting: Waiting) -> str:
    if waiting.oldest_hours is None:
        return "nothing"
    uploads = f", {waiting.unfinished} with the name of an unfinished upload" if waiting.unfinished else ""
    return f"{waiting.extracts}, the oldest for {waiting.oldest_hours:.1f} hours{uploads}"


def _rejected(status: Status) -> list[str]:
    lines = [] if status.rejected else ["  none"]
    for each in status.rejected[:_REJECTED_SHOWN]:
        lines += _wrapped(f"{each.at:%Y-%m-%d %H:%M} {each.place}: {each.reason}")
    more = len(status.rejected) - _REJECTED_SHOWN
    return [*lines, f"  and {more} more"] if more > 0 else lines


def _disk(disk: Disk) -> list[str]:
    share = disk.free_bytes / disk.total_bytes
    used = ", ".join(f"{name}{_GLUE}{_size(size)}" for name, size in disk.used_bytes.items())
    return [
        f"  {_size(disk.free_bytes)} of {_size(disk.total_bytes)} free ({share:.0%})",
        *(_wrapped(f"used: {used}") if used else []),
    ]


def _size(size: float) -> str:
    unit = 0
    while size >= _THOUSAND and unit < len(_UNITS) - 1:
        size, unit = size / _THOUSAND, unit + 1
    return f"{size:.0f}{_GLUE}{_UNITS[unit]}" if unit == 0 else f"{size:.1f}{_GLUE}{_UNITS[unit]}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
