"""What the model must beat, its tree and linear members, and what teaches it: all on the same folds."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from .data import Cohort, drop_shares, drop_variables, summary, summary_columns
from .risk.baselines import fit_logistic, squares, weighted

# Where soft targets and the linear member are fitted; between these hours they are interpolated.
KNOTS = [3, 6, 9, 12, 18, 24, 36, 48]
# Columns that hardly vary are divided by this, lest what was rare in training weigh without bound where it is not.
LEAST_SPREAD = 0.1
POOLED_HOURS = [2, 4, 7, 10, 14, 19, 24, 32, 40, 48]
ONSET_HOURS = [1, 2, 4, 6, 8, 11, 14, 17, 20, 24, 28, 32, 36, 39]


def linear_knots(cohort: Cohort, train: np.ndarray, target: np.ndarray, c: float, outcomeC: float, mostOutcome: float) -> tuple[np.ndarray, np.ndarray]:
    """
    Logistic regression on the summary and its squares at each knot, in terms of the raw columns: weights [knots, 2 * columns], constants
    [knots]. The mean of one that learns `target` and, for a share that grows to `mostOutcome` at the end of the window, of one that learns
    death in hospital alone: the later, the less is left for hindsight to know better.
    """
    weights, constants = [], []
    for hour in knots(cohort):
        columns = squares(summary(cohort, hour)[train].astype(np.float64))
        mean, scale = columns.mean(0), np.maximum(columns.std(0), LEAST_SPREAD)
        share = mostOutcome * hour / cohort.x.shape[1]
        weight, constant = 0.0, 0.0
        for part, each, regularisation in ((1 - share, target, c), (share, cohort.died, outcomeC)):
            rows, targets, counts = weighted((columns - mean) / scale, each[train])
            model = LogisticRegression(C=regularisation, max_iter=500).fit(rows, targets, sample_weight=counts)
            weight = weight + part * model.coef_[0] / scale
            constant += part * float(model.intercept_[0])
        weights.append(weight)
        constants.append(constant - weight @ mean)
    return np.stack(weights), np.array(constants)


def hindsight(cohort: Cohort, train: np.ndarray, target: np.ndarray, seed: int) -> np.ndarray:
    """
    Probabilities [stays] of everyone by what is known at the end of the last step: boosted trees on whole rows and logistic
    regression on summaries, fitted on the stays `train`, mean of the logits.
    """
    last = cohort.x.shape[1]
    rows, columns = cohort.x[:, last - 1], summary(cohort, last).astype(np.float64)
    x, y, weights = weighted(rows[train], target[train])
    trees = HistGradientBoostingClassifier(
        learning_rate=0.06, max_iter=150, max_leaf_nodes=8, min_samples_leaf=30, l2_regularization=10.0,
        max_features=0.2, early_stopping=False, random_state=seed,
    ).fit(x, y, sample_weight=weights)
    linear = fit_logistic(columns[train], target[train], 0.002)
    logits = (trees.decision_function(rows) + linear.decision_function(squares(columns))) / 2
    return 1 / (1 + np.exp(-logits))


def knots(cohort: Cohort) -> list[int]:
    return [hour for hour in KNOTS if hour <= cohort.x.shape[1]]


def pooled_trees(cohort: Cohort, train: np.ndarray, labels: np.ndarray, hours: list[int], config: dict, seed: int) -> HistGradientBoostingClassifier:
    """
    One set of boosted trees for every hour, fitted on whole rows [features] of the stays `train` at `hours`, where their
    labels [stays, steps], 0 to 1, are known. Every other hour's rows lose variables, so that a ward without some can be scored.
    """
    rng = np.random.default_rng(seed)
    shares = drop_shares(cohort, config["variableDropout"], config["variableDropoutOf"])
    rows, targets = [], []
    for place, hour in enumerate(hour for hour in hours if hour <= cohort.x.shape[1]):
        known = train[~np.isnan(labels[train, hour - 1])]
        each = cohort.x[known, hour - 1]
        rows.append(drop_variables(cohort, each, shares, rng) if place % 2 == 1 else each)
        targets.append(labels[known, hour - 1])
    model = HistGradientBoostingClassifier(
        learning_rate=config["learningRate"], max_iter=config["iterations"], max_leaf_nodes=config["leaves"],
        min_samples_leaf=150, l2_regularization=30.0, max_features=0.15, early_stopping=False, random_state=seed,
    )
    x, y, weights = weighted(np.concatenate(rows), np.concatenate(targets))
    return model.fit(x, y, sample_weight=weights)


def at_every_step(cohort: Cohort, outcome: np.ndarray) -> np.ndarray:
    """An outcome [stays] as labels [stays, steps]."""
    return np.repeat(outcome[:, None], cohort.x.shape[1], 1)
