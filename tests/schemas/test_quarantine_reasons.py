from schemas.extract import TrainingExtract
from schemas.quarantine_reasons import CODE_BY_CHECK, CODE_BY_FORM, HINTS, REASONS, RULES

SCHEMA = TrainingExtract.to_schema()
FORMS = {"whole", "decimal", "blank", "infinite", "decimal comma", "text"}
"""All that a number can look like; see `schemas.extract`."""


def test_a_code_has_one_record() -> None:
    """No code appears twice, and no check or form has two of them."""
    assert len(HINTS) == len(REASONS)
    assert len(CODE_BY_CHECK) == sum(len(reason.checks) for reason in REASONS)
    assert len(CODE_BY_FORM) == sum(reason.form is not None for reason in REASONS)


def test_a_check_of_a_column_has_a_reason() -> None:
    """Every check of the contract's cells is named in the table, and the table names no other."""
    columns = {name: column for name, column in SCHEMA.columns.items() if not name.endswith("_form")}

    assert {check.name for column in columns.values() for check in column.checks} == set(CODE_BY_CHECK)


def test_a_form_that_is_refused_anywhere_has_a_reason() -> None:
    """Whatever a number looks like, a column that does not allow it says why."""
    allowed = [
        set(check.statistics["allowed_values"])
        for name, column in SCHEMA.columns.items()
        if name.endswith("_form")
        for check in column.checks
    ]

    assert set.union(*(FORMS - forms for forms in allowed)) == set(CODE_BY_FORM)


def test_a_rule_has_a_reason() -> None:
    """Rules across columns and rows are called by their codes, and note faults in the contract's columns."""
    assert {check.name for check in SCHEMA.checks} == set(RULES)
    assert {rule.column for rule in RULES.values()} <= set(SCHEMA.columns)
