"""Show the operational status on one page: `python flows/status.py`, or as JSON with `--json`."""

import json
import sys
from contextlib import suppress

from flows import cli
from schemas.config import ScoreConfig
from tasks.core.campaigns.proposals import close_expired
from tasks.core.errors import ConfigError, PublishError
from tasks.core.operations.status import collect_status
from tasks.core.operations.status_page import print_page
from tasks.core.settings import load_config


def main() -> None:
    """Print the status; exit with code 4 if there are alarms."""
    parser = cli.Parser(
        description="Show the operational status: champion, nightly runs, backlog, disk and alarms."
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a page")
    cli.add_config_flags(parser, ScoreConfig)
    flags = parser.parse_args()
    config = load_config(ScoreConfig, flags.config, flags.set)
    now = cli.clock(config.timezone)()
    home = cli.locations(make=False)
    with suppress(ConfigError, PublishError):  # the status itself says what cannot be read
        close_expired(home.proposals, home.campaigns, now)
    status = collect_status(home, config.alarms, now, config.contacts)
    if flags.json:
        print(json.dumps(status.model_dump(mode="json"), indent=1))  # ASCII, for any locale
    else:
        print_page(status)
    if status.alarms:
        sys.exit(cli.ALARMS_EXIT_CODE)


if __name__ == "__main__":
    cli.run(main)
