"""The slides on what the model is worth: its form, results, drivers, use and fairness."""

from typing import Final

from schemas.evidence import Influence, Response
from schemas.manifest import BundleManifest
from schemas.reports import JudgedEvaluation, PairedDifference
from tasks.core.bundle import MODEL
from tasks.core.training.baseline import DECISION_TREE, LOGISTIC_REGRESSION, SPLINES
from tasks.core.training.presentation import figures
from tasks.core.training.presentation.deck import KeyFigure, Picture, Slide
from tasks.core.training.presentation.french import (
    COLUMNS,
    decimal,
    interval,
    percent,
    share,
    signed,
    value_of,
    whole,
)

_MODELS: Final = {
    LOGISTIC_REGRESSION: "régression logistique",
    SPLINES: "régression à splines",
    DECISION_TREE: "arbre de décision",
}
_AHEAD, _LEVEL, _BEHIND = "devant", "à égalité", "derrière"
_STRONGEST: Final = 6
"""Groups of columns that are shown, most influential first."""
_NAMED: Final = 2
"""Columns of a group that are named one by one."""


def model(e: JudgedEvaluation, manifest: BundleManifest) -> Slide:
    """Tell the model: its form, size and calibration."""
    t, fit = e.training, manifest.config.fit
    members = len(t.epochs)
    networks = f"{members} petits réseaux de neurones" if members > 1 else "Un petit réseau de neurones"
    layers = " puis ".join(str(size) for size in fit.hidden)
    ece = e.measures.ece
    return Slide(
        topic="Le modèle",
        title=f"{networks}, une probabilité qui veut dire ce qu'elle dit",
        bullets=(
            f"Perceptrons écrits avec PyTorch : {t.inputs} entrées, couches de {layers} neurones.",
            "Ancienneté et montants découpés en tranches : des seuils deviennent visibles.",
            f"Probabilités calibrées : écart moyen de {interval(ece)} avec la réalité.",
        ),
        key_figures=(
            KeyFigure(value=whole(t.parameters), caption="poids appris"),
            KeyFigure(
                value=f"{decimal(manifest.training_seconds, 1)} s", caption="d'apprentissage, un seul cœur"
            ),
            KeyFigure(value=f"{whole(round(manifest.files[MODEL].size / 1000))} ko", caption="fichier ONNX"),
        ),
        picture=Picture(
            figure=figures.calibration(e.evidence.calibration),
            alt="Probabilité annoncée contre part réellement partie, par dixièmes des clients de test, avec "
            f"intervalles ; l'écart moyen à la diagonale est de {interval(ece)}.",
        ),
        speaker="B",
        seconds=65,
        notes=(
            "Plusieurs petits réseaux apprennent chacun d'une autre part des clients, puis leurs réponses "
            "sont moyennées : c'est plus stable qu'un seul. "
            if members > 1
            else ""
        )
        + "Les nombres, comme l'ancienneté, sont découpés en tranches : le réseau voit ainsi les seuils. "
        "La dernière étape est la calibration. Sur le graphique, plus un point est près de la diagonale, "
        "plus la probabilité annoncée correspond à la réalité ; l'écart moyen sur les clients de test est de "
        f"{decimal(ece.value or 0.0)}. L'apprentissage tient en {decimal(manifest.training_seconds, 1)} "
        "secondes sur un processeur ordinaire, sans carte graphique.",
    )


def results(e: JudgedEvaluation) -> Slide:
    """Tell the results beside the baselines."""
    auc = e.measures.roc_auc
    names = {name: _MODELS.get(name, name) for name in e.baselines}
    found = {"notre modèle": auc} | {names[n]: report.measures.roc_auc for n, report in e.baselines.items()}
    met = {names[name]: report.difference for name, report in e.baselines.items()}
    if e.champion is not None and not e.champion.same_model:
        met["champion d'alors"] = e.champion.difference
    standings = [
        f"{standing.capitalize()} : {', '.join(those)}."
        for standing in (_AHEAD, _LEVEL, _BEHIND)
        if (those := [name for name, difference in met.items() if _standing(difference) == standing])
    ]
    baseline = [
        f"Écart avec la {_MODELS[LOGISTIC_REGRESSION]} : {interval(report.difference.roc_auc, 4, signed)}."
        for name, report in e.baselines.items()
        if name == LOGISTIC_REGRESSION
    ]
    differences = " ; ".join(
        f"{name} {interval(difference.roc_auc, 4, signed)}" for name, difference in met.items()
    )
    gate = {
        "passed": "Contrôle qualité : accepté, aucun point bloquant.",
        "not proven": "Contrôle qualité : rien contre lui, une comparaison trop serrée pour trancher.",
        "refused": "Contrôle qualité : REFUSÉ, ce modèle n'entre pas en service de lui-même.",
    }[e.gate.outcome]
    return Slide(
        topic="Les résultats",
        title=f"ROC-AUC de {decimal(auc.value or 0.0)} : {_summary(e)}",
        bullets=(
            *standings,
            *baseline,
            f"Rappel {interval(e.measures.recall)}, précision {interval(e.measures.precision)}.",
            gate,
        ),
        key_figures=(
            KeyFigure(value=decimal(auc.value or 0.0), caption="ROC-AUC"),
            KeyFigure(value=decimal(e.measures.f1.value or 0.0), caption="F1 au seuil"),
            KeyFigure(value=decimal(e.measures.brier.value or 0.0), caption="score de Brier"),
        ),
        picture=Picture(
            figure=figures.comparison(found),
            alt="ROC-AUC et intervalle à 95 % : "
            + " ; ".join(f"{name} {interval(measure)}" for name, measure in found.items())
            + ".",
        ),
        speaker="B",
        seconds=70,
        notes=f"Prenez un client parti et un client resté : dans {percent(auc.value or 0.0, 1)} des cas, le "
        "modèle donne le plus grand risque au bon. Les écarts avec les modèles simples, mesurés sur les "
        f"mêmes clients et avec leur intervalle à 95 %, sont : {differences}. Un intervalle qui contient "
        "zéro veut dire que ce seul tirage ne départage pas les deux. Le banc d'essai du projet répète la "
        "comparaison sur de nombreux tirages. Nous montrons aussi les incertitudes.",
    )


def drivers(e: JudgedEvaluation) -> Slide:
    """Tell what drives the model."""
    strongest = e.evidence.influence[:_STRONGEST]
    names = [_name(each) for each in strongest]
    responses = {response.column: response for response in e.evidence.responses}
    columns = [each.columns[0] for each in strongest if len(each.columns) <= _NAMED][:3]
    reached = {column: _extremes(responses[column]) for column in columns}
    (most, high), (least, low) = reached.pop(columns[0])
    first = COLUMNS[columns[0]]
    return Slide(
        topic="Ce qui annonce un départ",
        title=f"D'abord {names[0]}, puis {names[1]} et {names[2]}",
        bullets=(
            *(
                f"{COLUMNS[column].capitalize()} : {percent(most)} de départs attendus si « {highest} » "
                f"pour tous, {percent(least)} si « {lowest} »."
                for column, ((highest, most), (lowest, least)) in reached.items()
            ),
            "Ce sont des associations, pas des causes.",
        ),
        key_figures=(
            KeyFigure(value=percent(high), caption=f"de départs attendus, {first} : {most}"),
            KeyFigure(value=percent(low), caption=f"de départs attendus, {first} : {least}"),
        ),
        picture=Picture(
            figure=figures.influence(strongest, names),
            alt="ROC-AUC perdue quand les valeurs sont mélangées : "
            + " ; ".join(f"{name} {interval(each.loss)}" for name, each in zip(names, strongest, strict=True))
            + ".",
        ),
        speaker="A",
        seconds=60,
        notes="Pour savoir ce que regarde le modèle, on mélange les valeurs d'une caractéristique entre les "
        f"clients et l'on voit ce qu'il perd. Le plus coûteux est {names[0]}. Les caractéristiques qui se "
        "remplacent l'une l'autre sont mélangées ensemble. À gauche, la lecture métier : la probabilité "
        "moyenne si tous les clients avaient la même valeur, tout le reste inchangé. Attention : changer le "
        "contrat d'un client ne le retient pas forcément. Le modèle dit à qui parler, pas quoi offrir.",
    )


def calls(e: JudgedEvaluation) -> Slide:
    """Tell whom to call."""
    first, second = e.evidence.deciles[:2]
    c = e.confusion
    flagged, left = c.true_positive + c.false_positive, c.true_positive + c.false_negative
    other = min(e.evidence.thresholds, key=lambda choice: abs(choice.threshold - 0.6))
    return Slide(
        topic="Qui appeler",
        title=f"Appeler le cinquième le plus à risque, c'est trouver {percent(second.gain)} des départs",
        bullets=(
            (
                f"Seuil proposé, {decimal(e.threshold, 2)} : {whole(flagged)} clients signalés sur "
                f"{whole(e.training.holdout_customers)}, {whole(c.true_positive)} des {whole(left)} départs."
            ),
            (
                f"Moins de temps ? Au seuil {decimal(other.threshold, 2)}, appeler "
                f"{percent(other.contacted_share)} des clients trouve {percent(other.recall)} des départs."
            ),
            "Chaque client reçoit un dixième de risque : commencer par le premier.",
        ),
        key_figures=(
            KeyFigure(value=f"× {decimal(first.lift, 1)}", caption="risque du premier dixième"),
            KeyFigure(value=share(first.churn_share), caption="de ce dixième sont partis"),
        ),
        picture=Picture(
            figure=figures.gains(e.evidence.deciles),
            alt="Part des départs repérés selon la part de clients appelés, par ordre de risque : "
            f"{percent(first.gain)} avec un dixième, {percent(second.gain)} avec un cinquième.",
        ),
        speaker="B",
        seconds=70,
        notes="Voici ce que gagne l'équipe fidélisation. La droite grise, ce sont des appels au hasard. La "
        f"courbe suit l'ordre de risque : le premier dixième des clients part {decimal(first.lift, 1)} fois "
        f"plus que la moyenne. En appelant un cinquième des clients, on trouve {percent(second.gain)} de "
        "ceux qui partent. Le seuil n'est pas une vérité : il se règle selon le nombre d'appels possibles. "
        f"Au seuil proposé, la précision est de {decimal(e.measures.precision.value or 0.0)} : une partie "
        "des appels ira à des clients qui seraient restés, et c'est un choix que l'équipe doit connaître.",
    )


def privacy(e: JudgedEvaluation) -> Slide:
    """Tell privacy and fairness."""
    found = {
        value_of(column, value): (group.flagged_share, group.recall)
        for column in ("gender", "SeniorCitizen")
        for value, group in e.slices[column].items()
    }
    cost = e.protected
    worth = (
        "Genre et âge ne sont pas des entrées du modèle."
        if cost is None
        else f"Retirer genre et âge changerait la ROC-AUC de {_lost(cost.difference)} : "
        + {
            _AHEAD: "un coût mesurable.",
            _BEHIND: "un gain mesurable.",
            _LEVEL: "le hasard suffit à l'expliquer.",
        }[_standing(cost.difference)]
    )
    return Slide(
        topic="Vie privée et équité",
        title="Une aide à la décision : c'est une personne qui décide d'appeler",
        bullets=(
            "Jamais un prix, un refus ou une résiliation automatique (RGPD, art. 22).",
            "Un seul identifiant, celui du CRM ; aucune valeur de client dans les journaux.",
            worth,
            "Les groupes de moins de dix clients ne sont pas montrés.",
        ),
        picture=Picture(
            figure=figures.groups(found),
            alt="Par groupe, part signalée et part des partis repérée : "
            + " ; ".join(
                f"{name} {'trop peu de clients' if flagged is None else percent(flagged)} et {share(recall)}"
                for name, (flagged, recall) in found.items()
            )
            + ".",
        ),
        speaker="B",
        seconds=55,
        notes="Un score n'est pas une décision : une personne choisit qui appeler, et le modèle ne fixe ni "
        "prix ni refus. Nous mesurons l'équité par groupe : en bleu, la part du groupe que le modèle signale "
        "; en orange, parmi ceux qui sont vraiment partis, la part repérée. Un groupe qui part plus souvent "
        "est signalé plus souvent : il faut le savoir avant une campagne. Genre et âge peuvent être retirés "
        "par un réglage, et l'effet de ce retrait est mesuré à chaque apprentissage.",
    )


def _summary(e: JudgedEvaluation) -> str:
    """Say in a few words how the model stands among the baselines."""
    standings = {_standing(report.difference) for report in e.baselines.values()}
    if standings == {_AHEAD}:
        return "devant tous les modèles simples"
    if _BEHIND in standings:
        return "un modèle simple fait mieux"
    return "au niveau des meilleurs modèles simples"


def _standing(difference: PairedDifference) -> str:
    """Say whether the interval of candidate minus other leaves a doubt."""
    low, high = difference.roc_auc.low, difference.roc_auc.high
    if low is None or high is None or low <= 0 <= high:
        return _LEVEL
    return _AHEAD if low > 0 else _BEHIND


def _lost(difference: PairedDifference) -> str:
    """Write what the refit has more than the candidate: the difference, turned round."""
    auc = difference.roc_auc
    turned = {"value": auc.value, "low": auc.high, "high": auc.low}
    return interval(
        auc.model_copy(update={key: None if v is None else -v for key, v in turned.items()}), 4, signed
    )


def _extremes(response: Response) -> tuple[tuple[str, float], tuple[str, float]]:
    """Give the value with the highest mean probability, and that with the lowest."""
    pairs = sorted(zip(response.probability, response.values, strict=True))
    (low, least), (high, most) = pairs[0], pairs[-1]
    return (value_of(response.column, most), high), (value_of(response.column, least), low)


def _name(found: Influence) -> str:
    """Name columns that are shuffled together."""
    if len(found.columns) > _NAMED:
        return "services internet"
    return " et ".join(COLUMNS[column] for column in found.columns)
