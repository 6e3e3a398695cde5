"""The event-based evaluation must say what src/study/alarms.ts says (test/study/alarms.vectors.test.ts holds that to the same file)."""

import json
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from wardstream_training.alarms import Monitored, at_recall, figures
from wardstream_training.evaluate import weighted_auroc, weighted_precision

VECTORS = json.loads((Path(__file__).parent / "alarms.json").read_text())


def monitored() -> tuple[Monitored, np.ndarray]:
    stays = VECTORS["stays"]
    signal = np.array([[np.nan if v is None else v for v in stay["signal"]] for stay in stays])
    return Monitored.of([stay["events"] for stay in stays], np.array([stay["hours"] for stay in stays]), signal.shape[1]), signal


def test_equals_typescript():
    of, signal = monitored()
    for case in VECTORS["cases"]:
        found = figures(of, signal, case["threshold"])
        for name in ("events", "caught", "alarms", "trueAlarms"):
            assert found[name] == case[name], name
        assert abs(found["medianLeadHours"] - case["medianLeadHours"]) < 1e-3


def test_at_recall_is_the_highest_threshold_that_reaches_it():
    of, signal = monitored()
    found = at_recall(of, signal, 0.6)
    assert found["recall"] >= 0.6
    above = np.unique(signal[signal > found["threshold"]])
    assert all(figures(of, signal, each)["recall"] < 0.6 for each in above)


def test_weighted_metrics_equal_scikit_learn():
    rng = np.random.default_rng(0)
    y, score = rng.integers(0, 2, 300), rng.normal(size=300).round(1)  # with ties
    weights = rng.integers(0, 4, (3, 300)).astype(np.float64)
    for row, auroc, precision in zip(weights, weighted_auroc(y, score, weights), weighted_precision(y, score, weights)):
        assert abs(auroc - roc_auc_score(y, score, sample_weight=row)) < 1e-12
        assert abs(precision - average_precision_score(y, score, sample_weight=row)) < 1e-12
