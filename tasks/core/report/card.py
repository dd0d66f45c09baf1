"""Write a bundle's model card from its evaluation.

Source of the outline: Mitchell et al. 2019, "Model Cards for Model Reporting".
"""

from jinja2 import Environment, PackageLoader, StrictUndefined

from schemas.config import TrainConfig
from schemas.reports import JudgedEvaluation, Measures
from tasks.core.report import sentences
from tasks.core.report.summary import counts_line

_CARDS = Environment(  # noqa: S701 Markdown, and all values are ours
    loader=PackageLoader("tasks.core.report", "."),
    trim_blocks=True,
    undefined=StrictUndefined,
)


def write_card(evaluation: JudgedEvaluation, *, title: str, extract_id: str, config: TrainConfig) -> str:
    """Render the card from evaluation.json."""
    return _CARDS.get_template("card.md.jinja").render(
        e=evaluation,
        s=sentences,
        id=title,
        extract_id=extract_id,
        counts=counts_line(evaluation.audit.rows),
        config=config,
        metrics=list(Measures.model_fields),
    )
