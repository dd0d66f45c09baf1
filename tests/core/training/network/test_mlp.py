import torch

from tasks.core.training.network.mlp import Ensemble, Mlp, predict_logits


def test_one_logit_a_customer() -> None:
    """(N, d_in) becomes (N,), an empty batch included."""
    model = Mlp(d_in=5, hidden=(8, 4), dropout=0.5)

    assert [layer.weight.shape for layer in model.linears] == [(8, 5), (4, 8), (1, 4)]
    for n in (0, 1, 7):
        assert model(torch.zeros(n, 5)).shape == (n,)


def test_prediction_has_no_dropout_and_leaves_the_mode_alone() -> None:
    """Predictions are repeatable even during training, which keeps its dropout."""
    model = Mlp(d_in=5, hidden=(32, 32), dropout=0.5)
    x = torch.ones(3, 5)

    assert torch.equal(predict_logits(model, x), predict_logits(model, x))
    assert model.training
    assert not torch.equal(model(x), model(x))
    assert not predict_logits(model, x).requires_grad


def test_an_ensemble_averages_logits() -> None:
    """One logit a customer, halfway between those of two members; one member is itself."""
    members = [Mlp(d_in=5, hidden=(8, 4), dropout=0.5) for _ in range(2)]
    x = torch.randn(7, 5)
    first, second = (predict_logits(member, x) for member in members)

    torch.testing.assert_close(predict_logits(Ensemble(members), x), (first + second) / 2)
    assert torch.equal(predict_logits(Ensemble(members[:1]), x), first)
