"""Write a bundle's model card from its evaluation.

Source of the outline: Mitchell et al. 2019, "Model Cards for Model Reporting".
"""

from schemas.config import TrainConfig
from schemas.reports import JudgedEvaluation, Measures
from tasks.core.report.sentences import environment, sentences
from tasks.core.report.summary import counts_line


def write_card(evaluation: JudgedEvaluation, *, title: str, extract_id: str, config: TrainConfig) -> str:
    """Render the card from evaluation.json."""
    return (
        environment(html=False)
        .get_template("card.md.jinja")
        .render(
            e=evaluation,
            s=sentences(evaluation),
            id=title,
            extract_id=extract_id,
            counts=counts_line(evaluation.audit.rows),
            config=config,
            metrics=list(Measures.model_fields),
        )
    )
