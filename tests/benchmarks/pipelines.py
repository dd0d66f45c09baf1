"""The usual ways to score a CSV file, each paying for its own imports, and how their models are fitted.

All of them read a CSV file and write one with a probability for each customer.
"""

import math
from pathlib import Path
from typing import Any

from schemas.columns import CATEGORIES, ID, NUMBERS, TARGET

FEATURES = [*NUMBERS, *CATEGORIES]
BUNDLE, PEERS = "default", "peers"
"""Folders of the product's model and of the others', below that of all models."""


def fit_peers(extract: Path, folder: Path) -> None:
    """Fit the peers on a labelled extract, with their packages' own settings, into an empty folder."""
    import joblib
    from catboost import CatBoostClassifier
    from lightgbm import LGBMClassifier
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    customers = _read_by_pandas(extract)
    left = (customers[TARGET] == "Yes").to_numpy()
    one_hot = OneHotEncoder(handle_unknown="ignore")
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    for name, model in {
        "logistic": make_pipeline(
            ColumnTransformer([("n", StandardScaler(), [*NUMBERS]), ("c", one_hot, [*CATEGORIES])]),
            LogisticRegression(max_iter=1_000),
        ),
        "lightgbm": make_pipeline(
            ColumnTransformer([("n", "passthrough", [*NUMBERS]), ("c", ordinal, [*CATEGORIES])]),
            LGBMClassifier(verbose=-1),
        ),
    }.items():
        joblib.dump(model.fit(customers[FEATURES], left), folder / f"{name}.joblib")
    trees = CatBoostClassifier(cat_features=[*CATEGORIES], verbose=0, allow_writing_files=False)
    trees.fit(customers[FEATURES], left).save_model(folder / "catboost.cbm")


def pandas_sklearn(extract: Path, models: Path, out: Path, *, model: str) -> None:
    """Read, transform and score by a joblib pipeline; write by pandas."""
    import joblib

    customers = _read_by_pandas(extract)
    _write_by_pandas(
        customers, joblib.load(models / PEERS / f"{model}.joblib").predict_proba(customers[FEATURES]), out
    )


def arrow_lightgbm(extract: Path, models: Path, out: Path) -> None:
    """Read and write by pyarrow on all cores, encode distinct values, score by LightGBM's own booster."""
    import joblib
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    pipeline = joblib.load(models / PEERS / "lightgbm.joblib")
    known = pipeline[0].named_transformers_["c"].categories_
    table = arrow_csv.read_csv(
        extract,
        parse_options=arrow_csv.ParseOptions(invalid_row_handler=lambda _: "skip"),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=[ID, *FEATURES],
            column_types={
                **dict.fromkeys([ID, *NUMBERS], pa.string()),
                **dict.fromkeys(CATEGORIES, pa.dictionary(pa.int32(), pa.string())),
            },
        ),
    ).combine_chunks()
    matrix = np.empty((len(table), len(FEATURES)), dtype=np.float32)
    for i, number in enumerate(NUMBERS):
        found = pd.to_numeric(table[number].to_pandas(), errors="coerce").to_numpy(dtype=np.float64)
        matrix[:, i] = np.where(np.isfinite(found), found, 0.0)
    for i, (column, values) in enumerate(zip(CATEGORIES, known, strict=True), start=len(NUMBERS)):
        cells = table[column].chunk(0)
        codes = {value: code for code, value in enumerate(values)}
        of_cells = np.array([codes.get(each, -1) for each in cells.dictionary.to_pylist()], dtype=np.float32)
        matrix[:, i] = of_cells[cells.indices.to_numpy(zero_copy_only=False)]
    probability = pipeline[-1].booster_.predict(matrix, num_threads=2)
    arrow_csv.write_csv(pa.table({ID: table[ID], "probability": probability}), out / "scores.csv")


def pandas_catboost(extract: Path, models: Path, out: Path) -> None:
    """Read and write by pandas, score by CatBoost."""
    from catboost import CatBoostClassifier

    customers = _read_by_pandas(extract)
    model = CatBoostClassifier().load_model(models / PEERS / "catboost.cbm")
    _write_by_pandas(customers, model.predict_proba(customers[FEATURES]), out)


def pandas_pandera(extract: Path, models: Path, out: Path) -> None:
    """Do the engine's work the straightforward way: read text, validate whole frames, encode, score."""
    import numpy as np
    import pandas as pd
    import pandera.errors as pe

    from schemas.config import IngestConfig
    from schemas.cut_points import CutPoints
    from schemas.extract import ScoringExtract
    from schemas.preprocessing import Spec
    from schemas.scores import REASONS
    from tasks.core.bundle.cut_points import cut
    from tasks.core.bundle.encoder import Encoder, encode
    from tasks.core.bundle.onnx_model import Model, published
    from tasks.core.contract.parse import parse_cells

    cells = pd.read_csv(
        extract, dtype=str, keep_default_na=False, on_bad_lines="skip", encoding_errors="replace"
    )
    columns: dict[str, pd.Series] = {}  # one after another: all their texts at once would fill the memory
    for column in (ID, *FEATURES):
        of_column = parse_cells([], {column: cells[column].tolist()}, IngestConfig())
        columns |= {name: of_column.series(name) for name in of_column.columns}
    parsed = pd.DataFrame(columns)
    try:
        ScoringExtract.validate(parsed, lazy=True)
    except pe.SchemaErrors as error:
        parsed = parsed.drop(index=error.failure_cases["index"].dropna().astype(int).unique())
    folder = models / BUNDLE
    spec = Spec.model_validate_json((folder / "preprocessing.json").read_bytes())
    points = CutPoints.model_validate_json((folder / "cut_points.json").read_bytes())
    encoder, model = Encoder(spec), Model((folder / "model.onnx").read_bytes())
    probability, top = model.reasons(encode(parsed, spec))
    probability, names = published(probability), np.array([*spec.columns, ""])
    cuts = cut(probability, points)
    scores = {
        ID: parsed[ID],
        "churn_probability": probability,
        "churn_flag": cuts.flag,
        "decile": cuts.decile,
        "risk_band": cuts.band,
        **dict(zip(REASONS, names[top].T, strict=True)),
        "in_domain": encoder.in_domain(encoder.columns(parsed)).astype(int),
        "model_version": BUNDLE,
    }
    pd.DataFrame(scores).to_csv(out / "scores.csv", index=False)


def polars_logistic(extract: Path, models: Path, out: Path) -> None:
    """Read, one-hot encode, score and write by polars: the regression written out as expressions."""
    import joblib
    import polars as pl

    pipeline = joblib.load(models / PEERS / "logistic.joblib")
    transform, regression = pipeline[0], pipeline[-1]
    scaler, encoder = transform.named_transformers_["n"], transform.named_transformers_["c"]
    weights = iter(regression.coef_[0].tolist())
    logit: Any = pl.lit(float(regression.intercept_[0]))
    for number, mean, scale in zip(NUMBERS, scaler.mean_, scaler.scale_, strict=True):
        cells = pl.col(number).cast(pl.Float64, strict=False).fill_null(0.0)
        logit += (cells - float(mean)) / float(scale) * next(weights)
    for column, values in zip(CATEGORIES, encoder.categories_, strict=True):
        for value in values:
            logit += (pl.col(column) == value).cast(pl.Float64) * next(weights)
    table = pl.scan_csv(extract, infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy")
    table.select(ID, probability=1 / (1 + (-logit).exp())).sink_csv(out / "scores.csv")


def _read_by_pandas(extract: Path) -> Any:
    import pandas as pd

    customers = pd.read_csv(extract, on_bad_lines="skip", encoding_errors="replace", low_memory=False)
    for number in NUMBERS:
        found = pd.to_numeric(customers[number], errors="coerce")
        customers[number] = found.replace([math.inf, -math.inf], math.nan).fillna(0.0)
    return customers.astype(dict.fromkeys(CATEGORIES, "str")).fillna(dict.fromkeys(CATEGORIES, ""))


def _write_by_pandas(customers: Any, probability: Any, out: Path) -> None:
    import pandas as pd

    table = pd.DataFrame({ID: customers[ID], "probability": probability[:, 1]})
    table.to_csv(out / "scores.csv", index=False)
