"""Ranking figures under weights must be those of scikit-learn."""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from wardstream_training.risk.evaluate import Ranked


def test_weighted_figures_equal_scikit_learn():
    rng = np.random.default_rng(0)
    y, score = rng.integers(0, 2, 300), rng.normal(size=300).round(1)  # with ties
    ranked = Ranked(y, score)
    for weights in rng.integers(0, 4, (3, 300)).astype(np.float64):
        auroc, precision = ranked.figures(weights)
        assert abs(auroc - roc_auc_score(y, score, sample_weight=weights)) < 1e-12
        assert abs(precision - average_precision_score(y, score, sample_weight=weights)) < 1e-12
