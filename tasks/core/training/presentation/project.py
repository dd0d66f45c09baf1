"""The slides on the project: problem, data, pipeline, nights and what comes next."""

from schemas.reports import JudgedEvaluation
from tasks.core.training.presentation import figures
from tasks.core.training.presentation.deck import KeyFigure, Picture, Slide
from tasks.core.training.presentation.french import COLUMNS, percent, power_of_ten, share, value_of, whole


def problem(e: JudgedEvaluation) -> Slide:
    """Tell the problem."""
    left = e.audit.churn_share or 0.0
    customers = whole(e.audit.rows.accepted)
    return Slide(
        topic="TelcoNova : prévoir les départs de clients",
        title=f"{percent(left, 1)} des clients sont partis : repérer les prochains à temps",
        bullets=(
            "Un client parti ne se rattrape plus : il faut lui parler avant sa décision.",
            "Appeler tout le monde est trop long, appeler au hasard manque sa cible.",
            (
                "L'objectif : chaque nuit, un risque de départ pour chaque client, afin qu'une personne "
                "décide qui appeler."
            ),
        ),
        key_figures=(
            KeyFigure(value=customers, caption="clients étudiés"),
            KeyFigure(value=percent(left, 1), caption="d'entre eux sont partis"),
        ),
        picture=Picture(
            figure=figures.people(left),
            alt=f"Cent silhouettes ; {percent(left)} portent la couleur des clients partis.",
        ),
        speaker="A",
        seconds=45,
        notes=f"Bonjour. Sur les {customers} clients de l'extrait, {percent(left, 1)} sont partis. "
        "Quand un client résilie, il est trop tard pour lui parler. L'équipe fidélisation ne peut pas "
        "appeler tout le monde : il faut choisir. Notre produit calcule chaque nuit, pour chaque client, "
        "un risque de départ. La décision d'appeler reste humaine."
        + (" Attention : ces clients sont simulés, rien ici ne parle de clients réels." * e.simulated),
    )


def data(e: JudgedEvaluation) -> Slide:
    """Tell what the extract holds."""
    rows, t = e.audit.rows, e.training
    shown = ("Contract", "InternetService", "PaymentMethod")
    found = {
        COLUMNS[column]: {
            value_of(column, value): each.churn_share
            for value, each in e.audit.columns[column].values.items()
            if each.churn_share is not None
        }
        for column in shown
    }
    highest, where = max((value, (column, name)) for column, v in found.items() for name, value in v.items())
    return Slide(
        topic="Les données",
        title="Un extrait du CRM, lu par un contrat strict : aucune ligne ne se perd",
        bullets=(
            (
                f"{whole(rows.received)} lignes reçues = {whole(rows.accepted)} acceptées"
                f" + {whole(rows.quarantined)} en quarantaine + {whole(rows.exact_duplicates)} doublons"
                f" + {whole(rows.blank_lines)} vides."
            ),
            (
                f"{whole(t.training_customers + t.validation_customers)} clients pour apprendre ; "
                f"{whole(t.holdout_customers)} autres, jamais vus, pour juger."
            ),
            "Ni nom, ni adresse, ni numéro de téléphone.",
        ),
        key_figures=(
            KeyFigure(value=whole(rows.accepted), caption="lignes acceptées"),
            KeyFigure(value=whole(len(e.audit.columns)), caption="caractéristiques par client"),
            KeyFigure(value=whole(t.holdout_customers), caption="clients mis de côté"),
        ),
        picture=Picture(
            figure=figures.shares(found, "Part des clients partis"),
            alt=f"Part des clients partis par contrat, offre internet et moyen de paiement ; la plus forte : "
            f"{where[0]} « {where[1]} », {percent(highest)}.",
        ),
        speaker="A",
        seconds=50,
        notes=f"L'extrait compte {whole(len(e.audit.columns))} caractéristiques par client. Chaque ligne est "
        "vérifiée par un contrat de données ; ce qui ne le respecte pas part en quarantaine avec sa raison. "
        f"À droite, qui est parti : la part la plus forte est de {percent(highest)}, pour « {where[1]} » "
        f"({where[0]}). {whole(t.holdout_customers)} clients sont mis de côté dès le début : le modèle ne "
        "les voit jamais pendant l'apprentissage, ils servent seulement à le juger.",
    )


def pipeline(e: JudgedEvaluation) -> Slide:
    """Tell how an extract becomes a model, and a model scores."""
    gap = e.parity.max_difference
    parity = "non mesurable" if gap is None else power_of_ten(gap)
    return Slide(
        topic="La chaîne de traitement",
        title="Du fichier CRM au modèle en service : une chaîne, un seul lien entre ses deux moitiés",
        bullets=(
            "Prefect orchestre chaque étape : suivi, reprise après une coupure, journal.",
            (
                "Ce qui est jugé est ce qui tournera : le fichier ONNX lui-même. Écart maximal avec le "
                f"modèle appris : {parity}."
            ),
            "Le modèle scellé est le seul lien : la nuit n'a besoin d'aucun outil d'apprentissage.",
        ),
        picture=Picture(
            figure=figures.chain(
                [
                    (
                        0,
                        "Apprendre",
                        [
                            "Extrait CRM\nétiqueté",
                            "Contrat\nde données",
                            "Découpage,\nencodage",
                            "Réseaux,\ncalibration",
                            "Export,\névaluation",
                            "Contrôle\nqualité",
                            "Champion\nen service",
                        ],
                    ),
                    (
                        4,
                        "Chaque nuit",
                        ["Extrait\nde la nuit", "Contrat\nde données", "Notation", "Scores\npubliés"],
                    ),
                ],
                joins=[6],
            ),
            alt="Schéma. Apprendre : extrait étiqueté, contrat de données, découpage et encodage, "
            "apprentissage et calibration, export et évaluation, contrôle qualité, champion en service. "
            "Chaque nuit : extrait, contrat de données, notation par le champion, scores publiés.",
        ),
        speaker="A",
        seconds=60,
        notes="En haut, l'apprentissage. L'extrait passe le contrat de données, il est découpé et encodé, "
        "les réseaux apprennent, leur probabilité est calibrée. Le modèle est alors exporté en un fichier "
        "ONNX, et c'est ce fichier que l'on évalue. Un contrôle qualité décide s'il peut entrer en service. "
        "En bas, la nuit : le même contrat de données, puis la notation par le champion. Les deux moitiés ne "
        "partagent qu'une chose, le modèle scellé, vérifié octet par octet avant chaque usage.",
    )


def night() -> Slide:
    """Tell how it runs every night."""
    return Slide(
        topic="Chaque nuit",
        title="À 4 h, les scores du jour se calculent seuls ; au matin, la liste attend",
        bullets=(
            "Un extrait mal formé est refusé en une ligne claire : qui doit agir, et quoi corriger.",
            "Une coupure ne laisse rien à moitié écrit : la nuit suivante reprend.",
            "Chaque semaine, un nouveau modèle ; il ne remplace le champion que si le contrôle l'accepte.",
            "Retour au champion précédent en une commande.",
        ),
        picture=Picture(
            figure=figures.chain(
                [
                    (
                        0,
                        "",
                        [
                            "Dépôt\nde l'extrait",
                            "Lecture\nstricte",
                            "Champion\nvérifié",
                            "Notation\ndes clients",
                            "Publication\nd'un bloc",
                            "Équipe\nfidélisation",
                        ],
                    )
                ]
            ),
            alt="Schéma : dépôt de l'extrait, lecture stricte, champion vérifié, notation des clients, "
            "publication d'un seul bloc, équipe fidélisation.",
        ),
        speaker="B",
        seconds=55,
        notes="La nuit se passe sans personne. Prefect déclenche la notation à 4 heures, heure de Paris. "
        "L'extrait est lu ligne à ligne, le champion est vérifié, les clients sont notés, et le dossier "
        "apparaît d'un seul bloc : jamais un fichier à moitié écrit. Le même extrait redonne les mêmes "
        "octets. Le dimanche, un nouveau modèle est appris ; le même contrôle qualité décide s'il remplace "
        "le champion.",
    )


def next_steps(e: JudgedEvaluation) -> Slide:
    """Tell what comes next."""
    first = e.evidence.deciles[0]
    return Slide(
        topic="La suite",
        title="Avant de généraliser : mesurer si un appel retient vraiment un client",
        bullets=(
            (
                f"Piloter sur le premier dixième ({share(first.churn_share)} de départs), avec un groupe "
                "témoin que l'on n'appelle pas."
            ),
            "Choisir le seuil avec l'équipe fidélisation, selon ses heures d'appel.",
            "Faire valider l'usage par le délégué à la protection des données.",
            "Réapprendre quand offres, prix ou concurrents changent.",
        ),
        picture=Picture(
            figure=figures.chain(
                [
                    (
                        0,
                        "",
                        [
                            "Pilote avec\ngroupe témoin",
                            "Effet des appels\nmesuré",
                            "Seuil choisi,\nusage validé",
                            "Généralisation\net suivi",
                        ],
                    )
                ]
            ),
            alt="Schéma : pilote avec groupe témoin, effet des appels mesuré, seuil choisi et usage validé, "
            "généralisation et suivi.",
        ),
        speaker="A",
        seconds=45,
        notes="Le modèle dit le risque, pas l'effet d'un appel. La prochaine étape est donc un pilote : une "
        "moitié des clients les plus à risque est appelée, l'autre sert de témoin. Si l'appel retient, on "
        "généralise ; le seuil se choisit avec l'équipe. Merci de votre attention, nous répondons à vos "
        "questions.",
    )
