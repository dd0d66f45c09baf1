from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from schemas.campaign_files import BUCKETS
from tasks.core.campaigns.choice.draw import Draw, Experiment, siphash
from tasks.core.storage.secret import Secret
from tests.harness.environment import SECRET


def draw(experiment: str, ids: list[str], secret: Secret = SECRET) -> Draw:
    """Draw for customers."""
    encoded = [each.encode() for each in ids]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    octets = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    return Experiment(experiment, secret).draw(octets, np.stack([ends[:-1], ends[1:]], axis=1))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, 0x726FDB47DD0E0E31),
        (7, 0xAB0200F58B01D137),
        (8, 0x93F5F5799A932462),
        (15, 0xA129CA6149BE45E5),
    ],
)
def test_the_hash_gives_the_published_vectors(size: int, expected: int) -> None:
    """Source: Aumasson and Bernstein 2012, appendix A, and their reference implementation's vectors."""
    assert siphash(bytes(range(size)), bytes(range(16))) == expected


def test_a_customer_keeps_the_bucket_whatever_else_changes() -> None:
    """Other customers beside, another order, case and blanks; another experiment or key draws others."""
    ids = [f"{number:04}-ABCDE" for number in range(2_000)]
    first = draw("autumn", ids)
    again = draw("autumn", [f" {each.lower()}" for each in reversed(ids)])

    assert first.bucket.tolist() == again.bucket[::-1].tolist()
    assert first.tie.tolist() == again.tie[::-1].tolist()
    for other in (draw("winter", ids), draw("autumn", ids, Secret(Path("x"), "another key" * 4))):
        assert (other.bucket == first.bucket).mean() < 0.01
        assert not (other.tie == first.tie).any()
        assert abs(np.corrcoef(other.bucket, first.bucket)[0, 1]) < 0.08


def test_the_tie_is_another_hash_than_the_bucket() -> None:
    """Winning a tie is independent of being a control."""
    made = draw("autumn", [f"{number:04}-ABCDE" for number in range(2_000)])
    assert ((made.tie % np.uint64(BUCKETS)).astype(np.int64) == made.bucket).mean() < 0.01


def test_every_spelling_of_an_id_is_one_customer_s() -> None:
    """As in the lists: beyond ASCII, too, where one letter may become two."""
    spelt = draw("autumn", ["ÉLAN-1", "élan-1", " Élan - 1", "STRASSE 5", "straße5", "ΣΑΣ-2", "σας-2"])
    assert len(set(spelt.bucket[:3].tolist())) == len(set(spelt.tie[:3].tolist())) == 1
    assert spelt.bucket[3] == spelt.bucket[4]
    assert spelt.bucket[5] == spelt.bucket[6]


def test_buckets_are_even_and_say_nothing_about_the_tie() -> None:
    """Chi-squared tests at one in ten thousand, on ids as a CRM counts them up."""
    made = draw("even", [f"{number:07}" for number in range(200_000)])
    tens = made.bucket // (BUCKETS // 10)
    together = np.histogram2d(tens, (made.tie >> np.uint64(60)).astype(np.int64), bins=(10, 16))[0]

    assert made.bucket.min() == 0
    assert made.bucket.max() == BUCKETS - 1
    assert stats.chisquare(np.bincount(made.bucket, minlength=BUCKETS)).pvalue > 1e-4
    assert stats.chi2_contingency(together).pvalue > 1e-4
