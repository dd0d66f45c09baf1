"""Write a candidate's human-readable documents into its bundle: report.html and model_card.md."""

from schemas.manifest import MODEL
from schemas.reports import JudgedEvaluation
from tasks.core.bundle.bundle_files import CARD, REPORT, Staged
from tasks.core.extract.whole.in_memory import Extract
from tasks.core.provenance import versions
from tasks.core.report.card import write_card
from tasks.core.report.page import write_page
from tasks.core.steps import log, step
from tasks.core.storage.atomic import replace_file
from tasks.core.storage.seals import seal_files
from tasks.core.training_run import Run


@step("document")
def document(staged: Staged, judged: JudgedEvaluation, extract: Extract, run: Run) -> None:
    """Write the report and the model card from the numbers in evaluation.json."""
    files = {name: seal.sha256 for name, seal in seal_files(staged.folder).items()}
    model = files[MODEL][:16]
    page = write_page(
        judged,
        title=model,
        extract_id=extract.extract_id,
        config=run.order.config,
        versions=versions(),
        files=files,
    )
    replace_file(staged.folder / REPORT, page.encode())
    card = write_card(judged, title=model, extract_id=extract.extract_id, config=run.order.config)
    replace_file(staged.folder / CARD, card.encode())
    log.info("documented: %s and %s", REPORT, CARD)
