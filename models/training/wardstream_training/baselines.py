"""What the model must beat, and what teaches it: logistic regression and boosted trees, on the same folds."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .data import Cohort, summary


def out_of_fold(fit_predict, x: np.ndarray, died: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Probabilities of each stay from the model that did not see it. Shape [stays]."""
    probability = np.zeros(len(died))
    for each in np.unique(fold):
        train = fold != each
        probability[~train] = fit_predict(x[train], died[train], x[~train])
    return probability


def logistic(x_train, y_train, x_test):
    """Regularised logistic regression on the features and their squares (C 0.003)."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=500))
    squares = lambda x: np.concatenate([x, x**2], axis=1)
    return model.fit(squares(x_train), y_train).predict_proba(squares(x_test))[:, 1]


def trees(x_train, y_train, x_test):
    model = HistGradientBoostingClassifier(
        learning_rate=0.04, max_iter=180, max_leaf_nodes=12, min_samples_leaf=30, l2_regularization=10.0,
        max_features=0.3, random_state=0,
    )
    return model.fit(x_train, y_train).predict_proba(x_test)[:, 1]


def pooled_trees(cohort: Cohort, train: np.ndarray, hours: list[int], iterations: int) -> HistGradientBoostingClassifier:
    """One set of boosted trees for every hour, fitted on whole rows [features] of the stays `train` at `hours`."""
    rows = np.concatenate([cohort.x[train, hour - 1] for hour in hours])
    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=iterations, max_leaf_nodes=12, min_samples_leaf=150, l2_regularization=30.0,
        max_features=0.15, early_stopping=False, random_state=0,
    )
    return model.fit(rows, np.tile(cohort.died[train], len(hours)))


def teacher(cohort: Cohort, train: np.ndarray, hours: list[int], seed: int) -> np.ndarray:
    """
    Soft targets for the stays in `train`, each from models that did not see it: at the teaching hours the mean logit of
    trees on the whole row and logistic regression on its summary, between them interpolated. Shape [train, steps].
    """
    inner = np.random.default_rng(seed).permutation(len(train)) % 4
    died = cohort.died[train]
    logits = []
    for hour in hours:
        of_trees = out_of_fold(trees, cohort.x[train, hour - 1], died, inner)
        of_logistic = out_of_fold(logistic, summary(cohort, hour)[train], died, inner)
        logits.append((logit(of_trees) + logit(of_logistic)) / 2)
    steps = np.arange(1, cohort.x.shape[1] + 1)
    soft = np.stack([np.interp(steps, hours, each) for each in np.stack(logits, 1)])
    return (1 / (1 + np.exp(-soft))).astype(np.float32)


def logit(probability: np.ndarray) -> np.ndarray:
    p = np.clip(probability, 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))
