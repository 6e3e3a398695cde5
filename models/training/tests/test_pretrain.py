"""What pretraining hides, a model must not see; what it is asked, it must be told apart from."""

import numpy as np
import torch

from wardstream_training.data import COUNT, LAST, MEAN, hide_hours, means
from wardstream_training.pretrain import Pretraining, loss_of

from test_fusion import PER, cohort_of

HIDE = {"share": 0.5, "spans": 2, "least": 2, "most": 5}


class Said(torch.nn.Module):
    """Says what it is told to say."""

    def __init__(self, *said: np.ndarray):
        super().__init__()
        self.said = [torch.from_numpy(np.ascontiguousarray(each)) for each in said]

    def forward(self, x: torch.Tensor):
        return self.said


def test_hidden_hours_are_as_if_a_variable_had_not_been_measured_and_no_others_are_touched():
    cohort = cohort_of(40, 12)
    hidden = hide_hours(cohort, cohort.x, np.random.default_rng(1), **HIDE)
    rate, lactate = hidden.at[:, :, 0] == 1, hidden.at[:, :, 1] == 1
    assert 0.1 < rate.mean() < 0.5 and (rate != lactate).any()
    for gone, columns in ((rate, slice(0, PER)), (lactate, slice(PER, 2 * PER)), (rate, slice(-1, None))):  # the last is derived of the rate
        assert (hidden.rows[:, :, columns][gone] == 0).all()
        assert np.array_equal(hidden.rows[:, :, columns][~gone], cohort.x[:, :, columns][~gone])
    assert np.array_equal(hidden.rows[:, :, 2 * PER], cohort.x[:, :, 2 * PER]), "the time is always known"
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], rate[rate.any(1)][0], [0]]))))[::2]
    assert runs.max() <= HIDE["spans"] * HIDE["most"]


def test_only_what_was_charted_is_asked():
    cohort = cohort_of(30, 20)
    cohort.x[:, :, [COUNT, PER + COUNT]] = np.random.default_rng(0).random((30, 20, 2)) < 0.5
    values, seen = means(cohort, cohort.x)
    options = {"hide": HIDE, "variableDropout": 0.1, "laterWeight": 1.0}
    following, later = np.roll(values, -1, 1), np.roll(cohort.x[:, :, [LAST, PER + LAST]], -8, 1)
    charted = np.zeros_like(values)
    for step in range(12):
        charted[:, step] = np.where(seen[:, step + 1 : step + 9].any(1), 50, -50)
    says = lambda *said: float(loss_of(Said(*said), cohort, cohort.x, options, np.random.default_rng(2)))
    assert says(values, following, later, charted) < 1e-6
    wrong = np.where(seen > 0, values, values + 100).astype(np.float32)
    assert says(wrong, following, later, charted) < 1e-6, "of hours without a value nothing is asked"
    assert says(values + 1, following, later, charted) > 0.5
    assert says(values, values, later, charted) > 0.1
    assert says(values, following, later, -charted) > 10


def test_every_head_gives_every_variable():
    class Body(torch.nn.Module):
        head, forecast = torch.nn.Linear(4, 1), torch.nn.Linear(4, 2)
        encode = torch.nn.Linear(26, 4)

    given = Pretraining(Body(), 2)(torch.zeros(3, 5, 26))
    assert [tuple(each.shape) for each in given] == [(3, 5, 2)] * 4
