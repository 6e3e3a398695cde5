"""Notes and images change nothing where there is none, and the step form of the fusion is its full-window form."""

import numpy as np
import torch

from wardstream_training.data import AGE, COUNT, LAST, MEAN, SEEN, Cohort
from wardstream_training.fuse import without_vitals
from wardstream_training.model import Fusion

SIZES = dict(structured=5, text=3, image=2, steps=6, outputs=4, heads=2, headWidth=4, dropout=0.0)


def rows(stays: int, steps: int) -> torch.Tensor:
    """No document in the first steps, then a note, then an image too."""
    x = torch.randn(stays, steps, 5 + 5 + 4)
    x[:, :3, 5:] = 0
    x[:, 3:, 9] = 1
    x[:, :7, 10:] = 0
    x[:, 7:, 13] = 1
    return x


def test_no_document_changes_nothing_at_all():
    torch.manual_seed(0)
    fusion = Fusion(**SIZES).eval()
    x, logits = rows(4, 11), torch.randn(4, 11, 4)
    with torch.no_grad():
        change = fusion(x, logits)
    assert (change[:, :3] == 0).all()
    assert (change[:, 3:].abs().amax(2) > 0).all()


def test_step_form_equals_full_window():
    torch.manual_seed(0)
    fusion = Fusion(**SIZES).eval()
    x, logits = rows(3, 11), torch.randn(3, 11, 4)
    k = v = torch.zeros(3, 6, 8)
    held = [-1] * 6
    with torch.no_grad():
        for step in range(11):
            token, u = (each[:, None] for each in fusion.within(x[:, step], logits[:, step]))
            key, value = fusion.step_key(u), fusion.step_value(u)
            distance = [step - s if s >= 0 and 0 < step - s < 6 else 6 for s in held]
            ages = torch.tensor([[*distance, 0]] * 3)[:, None]
            change = fusion.across(token, u, torch.cat([k, key], 1), torch.cat([v, value], 1), ages)
            k, v = k.clone(), v.clone()
            k[:, step % 6], v[:, step % 6] = key[:, 0], value[:, 0]
            held[step % 6] = step
            assert torch.allclose(change[:, 0], fusion(x, logits)[:, step], atol=1e-5)


def test_rows_without_vitals_stand_still_and_age():
    names = [f"{id}.{place}" for id in ("heartRate", "lactate") for place in range(12)] + ["time.elapsed", "derived.shockIndex.last"]
    description = {"featureNames": names, "encoder": {"variables": [{"id": "heartRate"}, {"id": "lactate"}]}}
    x = np.random.default_rng(0).normal(size=(2, 8, len(names))).astype(np.float32)
    x[:, :, [SEEN, 12 + SEEN]] = 1
    x[:, :, AGE] = 0.1
    cohort = Cohort(x, *[None] * 6, description)
    found = without_vitals(cohort, x, np.array([3, 5]), ["heartRate"])
    assert (found[0, :3] == x[0, :3]).all() and (found[:, :, 12:25] == x[:, :, 12:25]).all()
    assert (found[0, 3:, LAST] == x[0, 2, LAST]).all() and (found[0, 3:, -1] == x[0, 2, -1]).all()
    assert (found[0, 3:, [MEAN, COUNT]] == 0).all()
    hours = np.expm1(4 * found[1, 4:, AGE])
    assert np.allclose(np.diff(hours), 1, atol=1e-5)
