import subprocess
import sys

HEAVY = {"matplotlib", "openpyxl", "prefect", "scipy", "sklearn", "statsmodels", "torch"}


def test_campaigns_load_nothing_of_training() -> None:
    """Lists, page and power work where only the base dependencies are installed."""
    program = (
        "import sys; from tasks.core.campaigns import call_list, page, power;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())

    assert {"jinja2", "xlsxwriter", "pandas"} <= loaded
    assert not loaded & HEAVY
