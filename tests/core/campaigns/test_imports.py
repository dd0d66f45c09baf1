import subprocess
import sys

HEAVY = {"matplotlib", "openpyxl", "prefect", "scipy", "sklearn", "statsmodels", "torch"}


def test_campaigns_load_nothing_of_training() -> None:
    """Lists, page and power work where only the base dependencies are installed."""
    program = (
        "import sys, tasks.core.campaigns.lists.call_list, tasks.core.campaigns.page.page;"
        "import tasks.core.campaigns.choice.power;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())

    assert {"jinja2", "xlsxwriter", "pandas"} <= loaded
    assert not loaded & HEAVY
