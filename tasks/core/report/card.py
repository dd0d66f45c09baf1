"""Write a bundle's model card from its evaluation.

Source of the outline: Mitchell et al. 2019, "Model Cards for Model Reporting".
"""

from schemas.config import TrainConfig
from schemas.reports import JudgedEvaluation
from tasks.core.report.sentences import render


def write_card(evaluation: JudgedEvaluation, *, title: str, extract_id: str, config: TrainConfig) -> str:
    """Render the card from evaluation.json."""
    return render("card.md.jinja", evaluation, id=title, extract_id=extract_id, config=config)
