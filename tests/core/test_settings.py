from pathlib import Path

import pytest

from schemas.config import IngestConfig, ScoreConfig, TrainConfig
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


@pytest.mark.parametrize("folds", [0, 3, 20])
def test_folds_are_at_least_three_or_switched_off(folds: int) -> None:
    """Zero leaves the holdout alone to judge."""
    assert load_config(TrainConfig, None, [f"evaluation.folds={folds}"]).evaluation.folds == folds


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("", ["fit.seed"], "expected a.b=value"),
        ("", ["fit.sed=1"], "setting 'fit.sed'"),
        ("", ["fit.dropout=1", "fit.sed=1"], r"setting 'fit\.sed': there is no such setting \(2 faults"),
        ("fit: {dropout: x}", [], r"^--config config\.yaml: setting 'fit\.dropout': expected a number"),
        ("", ["fit.dropout=1"], "setting 'fit.dropout'"),
        ("", ["fit.seed=[1"], "not readable as YAML"),
        ("", ["fit.seed=true"], "setting 'fit.seed'.*valid integer"),
        ("", ["fit.dropout=true"], "setting 'fit.dropout'.*valid number, not true"),
        ("", ["fit.hidden=[0,-5]"], r"setting 'fit\.hidden\.0'"),
        ("", ["fit.seed=-1", "fit.dropout=2"], r"\(2 faults in all\)"),
        ("fit:\n\tseed: 1\n", [], "not readable as YAML in line 2"),
        ("", ["ingest.alias={}"], "setting 'ingest.alias': there is no such setting"),
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
        ("", ["outcome.horizon_days=0"], r"setting 'outcome\.horizon_days': .* greater than or equal to 1"),
        ("", ["outcome.horizon_days=30.5"], r"setting 'outcome\.horizon_days': .*valid integer"),
        ("", ["evaluation.folds=1"], r"setting 'evaluation': folds must be 2 or more, or 0 .*; got 1 "),
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


READ_AS_SOMETHING_ELSE = [
    "No", "yes", "ON", "off", "true", "False", "null", "~", "010", "0x1F", "0b1", "1_000", "7", "-0", "1.0",
    "+.5", ".inf", "1.5e+3", "2026-01-01", "2026-13-45", "2026-01-01 10:00:00", "1:20", "190:20:30", "=",
]  # fmt: skip
"""What YAML 1.1 reads as truth, nothing, a number, a time or a sign of its own."""


@pytest.mark.parametrize("word", READ_AS_SOMETHING_ELSE)
def test_names_and_values_of_a_sender_are_read_as_written(tmp_path: Path, word: str) -> None:
    """Keys and values of the maps are texts, whatever YAML takes them for, quoted or not."""
    file = tmp_path / "config.yaml"
    group = (
        f"{{aliases: {{{word}: {word}}}, value_maps: {{{word}: {{{word}: {word}}}}},"
        f" allow_personal_columns: [{word}]}}"
    )
    expected = IngestConfig(
        aliases={word: word}, value_maps={word: {word: word}}, allow_personal_columns=(word,)
    )

    file.write_text(f"ingest: {group}")
    assert load_config(ScoreConfig, file, []).ingest == expected
    file.write_text(f"ingest: {group}".replace(word, f"'{word}'"))
    assert load_config(ScoreConfig, file, []).ingest == expected
    file.write_text(f"ingest:\n  aliases:\n    {word}: {word}\n  allow_personal_columns:\n    - {word}\n")
    assert load_config(TrainConfig, file, []).ingest.aliases == {word: word}
    assert load_config(TrainConfig, file, []).ingest.allow_personal_columns == (word,)


@pytest.mark.parametrize("word", READ_AS_SOMETHING_ELSE)
def test_so_are_single_settings(word: str) -> None:
    """A map, a part of one and one entry of one can be set as texts."""
    config = load_config(
        ScoreConfig,
        None,
        [
            f"ingest.aliases={{{word}: {word}}}",
            f"ingest.value_maps.Partner={{{word}: {word}}}",
            f"ingest.value_maps.Contract.annuel={word}",
            f"ingest.allow_personal_columns=[{word}]",
        ],
    )

    assert config.ingest.aliases == {word: word}
    assert config.ingest.value_maps == {"Partner": {word: word}, "Contract": {"annuel": word}}
    assert config.ingest.allow_personal_columns == (word,)
    whole = load_config(ScoreConfig, None, [f"ingest={{aliases: {{{word}: {word}}}}}"])
    assert whole.ingest.aliases == {word: word}


def test_what_is_no_text_is_typed_as_before(tmp_path: Path) -> None:
    """Truth values and numbers keep YAML's meaning where a setting is one, and so do anchors and merges."""
    file = tmp_path / "config.yaml"
    file.write_text(
        "ingest:\n"
        "  value_maps:\n"
        "    Partner: &non {Non: No, Oui: Yes}\n"
        "    Dependents: *non\n"
        "    PaperlessBilling: {<<: *non, Peut-être: No}\n"
        "    SeniorCitizen: {No: &nobody 0, Yes: 1}\n"
        "encoding: {protected_attributes: no}\n"
        "simulation: {rows: 1_000}\n"
        "fit: {seed: 010, learning_rate: 2e-3, hidden: [0x10, 8]}\n"
        "split: {<<: [{seed: *nobody}]}\n",
        encoding="utf-8",
    )

    config = load_config(TrainConfig, file, ["fit.patience=5"])

    assert config.ingest.value_maps == {
        "Partner": {"Non": "No", "Oui": "Yes"},
        "Dependents": {"Non": "No", "Oui": "Yes"},
        "PaperlessBilling": {"Non": "No", "Oui": "Yes", "Peut-être": "No"},
        "SeniorCitizen": {"No": "0", "Yes": "1"},
    }
    assert not config.encoding.protected_attributes
    assert config.simulation.rows == 1_000
    assert (config.fit.seed, config.fit.learning_rate, config.fit.hidden) == (8, 0.002, (16, 8))
    assert (config.fit.patience, config.split.seed) == (5, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ingest: {aliases: {No: gender, No: tenure}}", "'No' is set twice on line 1"),
        ("ingest: {no: 1}", "setting 'ingest.no'"),
        ("ingest: {aliases: No}", "setting 'ingest.aliases'.*valid dictionary"),
        ("ingest: {allow_personal_columns: No}", "setting 'ingest.allow_personal_columns'.*valid tuple"),
        ("ingest: {aliases: {a: [1]}}", "setting 'ingest.aliases.a'.*valid string"),
        ("ingest: {aliases: {? [a] : tenure}}", "not readable as YAML"),
        ("ingest: {aliases: &all {a: *all}}", "setting 'ingest.aliases.a'.*valid string"),
        ("ingest: {<<: [{aliases: {No: 7}}, 7]}", "not readable as YAML"),
    ],
)
def test_maps_that_are_none(tmp_path: Path, text: str, expected: str) -> None:
    """What is no map of texts is still named in one line."""
    file = tmp_path / "config.yaml"
    file.write_text(text)

    with pytest.raises(ConfigError, match=expected) as error:
        load_config(ScoreConfig, file, [])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("contacts={objections: x, basiss: y}", r"setting 'contacts\.basiss': there is no such setting"),
        ("contacts={objections: x, max_age_hours: 0}", r"setting 'contacts\.max_age_hours': "),
        ("contacts={}", r"setting 'contacts\.objections': it is required"),
        ("contacts=x", "setting 'contacts': expected a group of settings"),
    ],
)
def test_a_setting_in_an_optional_group_is_named_whole(setting: str, said: str) -> None:
    """A group that may be null is no choice between groups."""
    with pytest.raises(ConfigError, match=said):
        load_config(ScoreConfig, None, [setting])
