from concurrent.futures import ThreadPoolExecutor

from flows.score_flow import score
from tests.harness.customers import make_customers
from tests.harness.flow_home import FlowHome


def test_nights_at_once_do_not_trip_over_each_other(trained_home: FlowHome) -> None:
    """Four runs that drain one inbox together all succeed, and each extract is published once."""
    inbox = trained_home.path / "inbox"
    inbox.mkdir()
    for seed in range(1, 6):
        make_customers(50, seed).to_csv(inbox / f"crm_2026-03-{seed:02d}.csv", index=False)
    with ThreadPoolExecutor(4) as pool:
        states = [run.result() for run in [pool.submit(score.fn) for _ in range(4)]]

    assert all(state.is_completed() for state in states)
    assert len(trained_home.published()) == 5
    assert len(list((trained_home.path / "archive").iterdir())) == 5
    assert not [path for path in inbox.iterdir() if not path.name.startswith(".")]
