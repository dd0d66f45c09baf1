"""The status page as text."""

import io

from schemas.status import Status
from tasks.core.operations.status_page import print_page


def page(status: Status) -> str:
    """Print the page as into a file."""
    file = io.StringIO()
    print_page(status, file)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())
