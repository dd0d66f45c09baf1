"""Two networks for tables from their authors' packages."""

import copy
import logging
import warnings

import numpy as np
import pandas as pd
import torch
from pytabkit import RealMLP_TD_Classifier
from rtdl_num_embeddings import PiecewiseLinearEmbeddings, compute_bins
from tabm import TabM
from torch.nn.functional import binary_cross_entropy_with_logits

from schemas.columns import CATEGORIES, NUMBERS
from tasks.core.training.data.split import Split
from tests.benchmarks.peers.linear import frame
from tests.benchmarks.peers.peer import Floats, Judged, Peer, judged, label

K, BLOCKS, WIDTH, BATCH, PATIENCE, EPOCHS = 16, 2, 128, 256, 16, 200


def realmlp(split: Split, seed: int) -> Judged:
    """Fit RealMLP with its tuned defaults, without label smoothing, best epoch by validation log loss."""
    x, validation, holdout = (frame(part) for part in (split.training, split.validation, split.holdout))
    model = RealMLP_TD_Classifier(
        device="cpu", random_state=seed, n_threads=1, use_ls=False, val_metric_name="cross_entropy"
    )
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(
            x,
            label(split.training).astype(int),
            X_val=validation,
            y_val=label(split.validation).astype(int),
            cat_col_names=list(CATEGORIES),
        )
        found = [model.predict_proba(part)[:, 1] for part in (validation, holdout)]
    return judged(split, *found)


def tabm(split: Split, seed: int) -> Judged:
    """Fit TabM as its documentation does: piecewise-linear embeddings, AdamW, early stopping."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    numbers = frame(split.training)[list(NUMBERS)].to_numpy(np.float32)
    mean, scale = numbers.mean(axis=0), numbers.std(axis=0)

    def tensors(part: pd.DataFrame) -> tuple[torch.Tensor, torch.Tensor]:
        x = frame(part)
        codes = [pd.Index(values).get_indexer(pd.Index(x[column])) for column, values in CATEGORIES.items()]
        number = (x[list(NUMBERS)].to_numpy(np.float32) - mean) / scale
        return torch.tensor(number), torch.tensor(np.column_stack(codes))

    parts = [tensors(part) for part in (split.training, split.validation, split.holdout)]
    target, validation_target = (
        torch.tensor(label(part), dtype=torch.float32) for part in (split.training, split.validation)
    )
    embeddings = PiecewiseLinearEmbeddings(
        compute_bins(parts[0][0], n_bins=48), d_embedding=16, activation=False, version="B"
    )
    model = TabM.make(
        n_num_features=len(NUMBERS),
        cat_cardinalities=[len(values) for values in CATEGORIES.values()],
        d_out=1,
        num_embeddings=embeddings,
        k=K,
        n_blocks=BLOCKS,
        d_block=WIDTH,
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=3e-4)

    def probability(part: int) -> Floats:
        model.eval()
        with torch.inference_mode():
            return torch.sigmoid(model(*parts[part]).squeeze(-1)).mean(dim=1).double().numpy()

    best_loss, best_epoch, best = np.inf, 0, copy.deepcopy(model.state_dict())
    for epoch in range(EPOCHS):
        model.train()
        for rows in torch.randperm(len(target)).split(BATCH):
            logits = model(parts[0][0][rows], parts[0][1][rows]).squeeze(-1)  # (N, K)
            loss = binary_cross_entropy_with_logits(logits, target[rows, None].expand(-1, K))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        mean_p = torch.tensor(probability(1))
        loss = float(torch.nn.functional.binary_cross_entropy(mean_p, validation_target.double()))
        if loss < best_loss:
            best_loss, best_epoch, best = loss, epoch, copy.deepcopy(model.state_dict())
        elif epoch - best_epoch >= PATIENCE:
            break
    model.load_state_dict(best)
    return judged(split, probability(1), probability(2))


PEERS = (
    Peer(
        name="TabM",
        settings=f"package tabm, k {K}, {BLOCKS} blocks of {WIDTH}, piecewise-linear embeddings (48 bins), "
        f"AdamW 2e-3, decay 3e-4, batch {BATCH}, patience {PATIENCE} on validation log loss",
        judge=tabm,
    ),
    Peer(
        name="RealMLP",
        settings="package pytabkit, RealMLP-TD, no label smoothing, best epoch by validation log loss",
        judge=realmlp,
    ),
)
