from pathlib import Path

import pytest

from schemas.config import ScoreConfig, TrainConfig
from tasks.core.errors import ConfigError
from tasks.core.settings import load_config


def test_precedence(tmp_path: Path) -> None:
    """Defaults give way to the file, the file to --set."""
    file = tmp_path / "config.yaml"
    file.write_text("fit: {seed: 1, patience: 3}\nsplit: {seed: 2}\n")

    config = load_config(TrainConfig, file, ["fit.seed=7", "fit.hidden=[32, 16]"])

    assert config.fit.seed == 7
    assert config.fit.patience == 3
    assert config.fit.hidden == (32, 16)
    assert config.split.seed == 2
    assert config.fit.dropout == TrainConfig().fit.dropout


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("", ["fit.seed"], "expected a.b=value"),
        ("", ["fit.sed=1"], "setting 'fit.sed'"),
        ("", ["fit.dropout=1"], "setting 'fit.dropout'"),
        ("", ["fit.seed=[1"], "not readable as YAML"),
        ("", ["fit.seed=true"], "setting 'fit.seed'.*valid integer"),
        ("", ["fit.dropout=true"], "setting 'fit.dropout'.*valid number, not true"),
        ("", ["fit.hidden=[0,-5]"], r"setting 'fit\.hidden\.0'"),
        ("", ["fit.seed=-1", "fit.dropout=2"], r"\(2 faults in all\)"),
        ("", ["fit={? [a] : 1}"], "--set fit: .*not readable as YAML"),
        ("", ["fit.sed=1"], r"\(1 fault in all\)"),
        ("", ["fit.seed=2026-13-45"], "--set fit.seed: .*not readable as YAML"),
        ("", ["fit.seed=" + "[" * 3_000], "--set fit.seed: .*not readable as YAML"),
        ("", ["fit.seed=" + "9" * 5_000], "--set fit.seed: .*not readable as YAML"),
        ("", ["fit.seed=!!timestamp x"], "--set fit.seed: .*not readable as YAML"),
        ("", ["fit.seed=!!bool x"], "--set fit.seed: .*not readable as YAML"),
        ("", ["fit={seed: 1, seed: 2}"], "--set fit: 'seed' is set twice on line 1"),
        ("", ["split.training_share=0.6", "split.validation_share=0.4"],
            r"setting 'split': training_share .* must leave a holdout; got 0\.6 and 0\.4\. Lower one"),
        ("fit: 3", ["fit.seed=1"], "'fit' is a value"),
        ("- a", [], "expected settings by name"),
        ("a: [", [], "not readable as YAML"),
        ("fit: {seed: 2026-13-45}", [], r"--config config\.yaml: .*not readable as YAML"),
        ("fit: " + "[" * 3_000, [], r"--config config\.yaml: .*not readable as YAML"),
        ("fit: {seed: 1}\nsplit: {seed: 1}\nfit: {patience: 3}", [], "'fit' is set twice on line 3"),
        ('{"fit": {"seed": 1, "seed": 2}}', [], r"--config config\.yaml: 'seed' is set twice on line 1"),
        ("a\x1b: 1", [], "not readable as YAML"),
        ('"a\\nb": 1', [], "setting 'a[?]b'"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit(tmp_path: Path, text: str, settings: list[str], expected: str) -> None:
    """An unknown, unreadable or impossible setting is named in one line."""
    file = tmp_path / "config.yaml"
    file.write_text(text)

    with pytest.raises(ConfigError, match=expected) as error:
        load_config(TrainConfig, file if text else None, settings)
    assert "\n" not in str(error.value)


def test_merged_keys_may_be_set_again(tmp_path: Path) -> None:
    """A YAML merge is an override, not a repetition."""
    file = tmp_path / "config.yaml"
    file.write_text("fit: &fit {seed: 1}\nsplit: {<<: *fit, seed: 2}\n")

    assert load_config(TrainConfig, file, []).split.seed == 2


def test_a_config_file_that_is_not_there(tmp_path: Path) -> None:
    """The missing file is named."""
    with pytest.raises(ConfigError, match=r"--config nothing\.yaml"):
        load_config(ScoreConfig, tmp_path / "nothing.yaml", [])
