"""A form of the network that was tried and not taken: BatchEnsemble, from the package of TabM."""

import copy

import numpy as np
import torch
from scipy.special import logit
from tabm import EnsembleView, LinearBatchEnsemble
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from schemas.config import EncodingConfig
from tasks.core.bundle.encoder import encode
from tasks.core.bundle.onnx_model import Model
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import Split
from tasks.core.training.export.graph import export
from tasks.core.training.network.calibration import fit_platt
from tasks.core.training.network.mlp import Ensemble, Mlp
from tests.benchmarks.peers.peer import Judged, Peer, label
from tests.benchmarks.peers.product import SPEED_ROWS, rows_per_second

K, HIDDEN, EPOCHS, PATIENCE = 16, (128, 64), 80, 10


def batch_ensemble(split: Split, seed: int) -> Judged:
    """Fit by the product's recipe; unfold into branches of one graph, which scores the holdout."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    spec = fit_spec(split.training, EncodingConfig())
    x, x_validation, holdout = (
        encode(part, spec) for part in (split.training, split.validation, split.holdout)
    )
    churned = label(split.validation)
    model = _fit(torch.tensor(x), label(split.training), torch.tensor(x_validation), churned)
    logits = _logits(model, torch.tensor(x_validation)).numpy()
    platt = fit_platt(logits, churned)
    graph = Model(export(_unfold(model), platt, spec))
    return Judged(
        calibration_logits=platt.slope * logits + platt.intercept,
        calibration_label=churned,
        holdout_logits=logit(graph.probability(holdout).astype(np.float64)),
        rows_per_second=rows_per_second(graph, np.resize(holdout, (SPEED_ROWS, holdout.shape[1]))),
    )


def _fit(x: Tensor, churned: np.ndarray, x_validation: Tensor, stop: np.ndarray) -> nn.Sequential:
    weight = torch.tensor(np.sqrt((~churned).sum() / churned.sum()), dtype=torch.float32)
    target, stop_target = torch.tensor(churned).float(), torch.tensor(stop).float()
    sizes = (x.shape[1], *HIDDEN)
    layers: list[nn.Module] = [EnsembleView(k=K)]
    for i, (d_in, d_out) in enumerate(zip(sizes, HIDDEN, strict=False)):
        adapters = ("random-signs", "ones") if i == 0 else "ones"
        layers += [LinearBatchEnsemble(d_in, d_out, k=K, scaling_init=adapters), nn.SiLU(), nn.Dropout(0.5)]
    layers.append(LinearBatchEnsemble(HIDDEN[-1], 1, k=K, scaling_init="ones"))
    model = nn.Sequential(*layers)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.95))
    weights = [p for name, p in model.named_parameters() if name.endswith("weight")]
    others = [p for name, p in model.named_parameters() if not name.endswith("weight")]
    groups = [{"params": weights, "weight_decay": 0.03}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=2e-3, betas=(0.9, 0.99))
    best_loss, best_epoch, best = np.inf, 0, copy.deepcopy(average.module)
    for epoch in range(EPOCHS):
        model.train()
        for rows in torch.randperm(len(x)).split(256):
            logits = model(x[rows]).squeeze(-1)  # (N, K)
            expected = target[rows, None].expand(-1, K)
            loss = binary_cross_entropy_with_logits(logits, expected, pos_weight=weight)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            average.update_parameters(model)
        found = _logits(average.module, x_validation)
        loss = float(binary_cross_entropy_with_logits(found, stop_target, pos_weight=weight))
        if loss < best_loss:
            best_loss, best_epoch, best = loss, epoch, copy.deepcopy(average.module)
        elif epoch - best_epoch >= PATIENCE:
            break
    return best.eval()


def _logits(model: nn.Sequential, x: Tensor) -> Tensor:
    model.eval()
    with torch.inference_mode():
        return model(x).squeeze(-1).mean(dim=1)


def _unfold(model: nn.Sequential) -> Ensemble:
    """Write each member out as the perceptron it is: its adapters multiply the shared weights."""
    shared = [layer for layer in model if isinstance(layer, LinearBatchEnsemble)]
    members = [Mlp(d_in=shared[0].in_features, hidden=HIDDEN, dropout=0.0) for _ in range(K)]
    with torch.no_grad():
        for m, member in enumerate(members):
            for own, layer in zip(member.linears, shared, strict=True):
                own.weight.copy_(layer.s[m, :, None] * layer.weight * layer.r[m])
                own.bias.copy_(layer.bias[m])
    return Ensemble(members).eval()


PEERS = (
    Peer(
        name="BatchEnsemble network",
        settings=f"{K} members of shared weights, {'-'.join(map(str, HIDDEN))}, signs as input adapters, "
        "learning rate 2e-3, otherwise the recipe; of the training part alone",
        judge=batch_ensemble,
        usual=False,
    ),
)
