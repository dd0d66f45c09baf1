"""Print the status as a page, alarms first; at least 100 columns wide."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final, TextIO
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from schemas.status import ChampionStatus, Disk, NightStatus, Status, Waiting
from tasks.core.horizon import horizon_text

WIDTH: Final = 100
_REJECTED_SHOWN: Final = 5


def print_page(status: Status, file: TextIO | None = None) -> None:
    """Print the page to stdout or to `file`, in colour on a terminal."""
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    console.width = max(console.width, WIDTH) if console.is_terminal else WIDTH  # no id is cut off
    count = len(status.alarms)
    clock = partial(_in_zone, ZoneInfo(status.timezone))
    head = Table.grid(expand=True)
    scoring = ", a run is scoring" if status.running else ""
    head.add_row(
        f"TelcoNova churn, {clock(status.at)} {status.timezone}{scoring}",
        Text(f"{count} alarm{'s' if count > 1 else ''}" if count else "no alarms", justify="right"),
        style="bold red" if count else "bold",
    )
    sections: dict[str, RenderableType] = {
        "Champion": _champion(status.champion, clock),
        "Nightly runs (* latest, - superseded)": _nights(status.nights),
        "Waiting": f"inbox: {_waiting(status.inbox)}; work: {_waiting(status.work)}",
        "Rejected lately": _rejected(status, clock),
        "Campaigns": _campaigns(status, clock),
        "Disk": _disk(status.disk),
    }
    with console.capture() as page:  # rich would end the process when a pipe breaks
        console.print(head, Rule(characters="=", style="none"))
        console.print(*(_indented(Text(f"! {each.code}: {each.message}", "red")) for each in status.alarms))
        for title, content in sections.items():
            console.print("", Text(title, "bold"), _indented(content), sep="\n")
    print(page.get(), end="", file=file)


def _in_zone(zone: ZoneInfo, at: datetime) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _indented(content: RenderableType) -> Padding:
    return Padding(content, (0, 0, 0, 2))


def _champion(champion: ChampionStatus | None, clock: Callable[[datetime], str]) -> str:
    if champion is None:
        return "none that verifies"
    marks = f"{', FORCED' if champion.forced else ''}{', SIMULATED customers' if champion.simulated else ''}"
    return (
        f"{champion.bundle_id} trained {clock(champion.trained_at)}, gate: {champion.gate_outcome},"
        f" verified{marks}\n"
        f"model {champion.model_id}, in service since {clock(champion.since)} ({champion.action})\n"
        f"horizon: {horizon_text(champion.horizon)}"
    )


def _nights(nights: tuple[NightStatus, ...]) -> RenderableType:
    if not nights:
        return "none"
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="none")
    for head in ("", "as of", "extract"):
        table.add_column(head)
    for head in ("received", "scored", "quarantined", "duplicates", "objected"):
        table.add_column(head, justify="right")
    table.add_column("bundle")
    for night in nights:
        left_out = night.quarantined, night.exact_duplicates, night.objected
        counts = night.received, night.scored, *left_out
        mark = "*" if night.latest else "-" if night.superseded else ""
        table.add_row(mark, f"{night.as_of_date}", night.extract_id, *map(str, counts), night.bundle_id)
    days = ", ".join(sorted({f"{night.as_of_date}" for night in nights if night.simulated}))
    return Group(table, f"of SIMULATED customers: {days}") if days else table


def _waiting(waiting: Waiting) -> str:
    if waiting.oldest_hours is None:
        return "nothing"
    uploads = f", {waiting.unfinished} with the name of an unfinished upload" if waiting.unfinished else ""
    return f"{waiting.extracts}, the oldest for {waiting.oldest_hours:.1f} hours{uploads}"


def _rejected(status: Status, clock: Callable[[datetime], str]) -> RenderableType:
    shown, more = status.rejected[:_REJECTED_SHOWN], len(status.rejected) - _REJECTED_SHOWN
    lines = [f"{clock(each.at)} {each.place}: {each.reason}" for each in shown] or ["none"]
    return Text("\n".join([*lines, f"and {more} more"] if more > 0 else lines))


def _campaigns(status: Status, clock: Callable[[datetime], str]) -> RenderableType:
    lines = [
        f"proposed: {each.name}, {each.contacts} contacts, decide before {clock(each.expires_at)}"
        for each in status.proposals
    ]
    lines += [
        f"approved: {each.name}, {each.contacts} contacts, {each.controls} controls, until {each.last_day}"
        for each in status.campaigns
    ]
    return Text("\n".join(lines or ["none"]))


def _disk(disk: Disk) -> str:
    free = f"{decimal(disk.free_bytes)} of {decimal(disk.total_bytes)} free"
    used = ", ".join(f"{name} {decimal(size)}" for name, size in disk.used_bytes.items())
    return f"{free} ({disk.free_bytes / disk.total_bytes:.0%})" + (f"\nused: {used}" if used else "")
