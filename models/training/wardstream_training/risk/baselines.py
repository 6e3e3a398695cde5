"""What the model must beat: models of one hour."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


def out_of_fold(fit_predict, x: np.ndarray, died: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Probabilities of each stay from the model that did not see it. Shape [stays]."""
    probability = np.zeros(len(died))
    for each in np.unique(fold):
        train = fold != each
        probability[~train] = fit_predict(x[train], died[train], x[~train])
    return probability


def logistic(x_train, y_train, x_test):
    """Regularised logistic regression on the features and their squares (C 0.003)."""
    return fit_logistic(x_train, y_train).predict_proba(squares(x_test))[:, 1]


def squares(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, x**2], axis=1)


def fit_logistic(x: np.ndarray, y: np.ndarray, c: float = 0.003) -> Pipeline:
    """`y` may be between 0 and 1."""
    rows, targets, weights = weighted(squares(x), y)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=500))
    return model.fit(rows, targets, logisticregression__sample_weight=weights)


def weighted(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows with targets between 0 and 1 twice: as 1 and as 0, with weights to match."""
    between = (y > 0) & (y < 1)
    weights = np.concatenate([np.where(between, 1 - y, 1.0), y[between]])
    return np.concatenate([x, x[between]]), np.concatenate([np.where(between, 0.0, y), np.ones(between.sum())]), weights


def trees(x_train, y_train, x_test):
    model = HistGradientBoostingClassifier(
        learning_rate=0.04, max_iter=180, max_leaf_nodes=12, min_samples_leaf=30, l2_regularization=10.0,
        max_features=0.3, random_state=0,
    )
    return model.fit(x_train, y_train).predict_proba(x_test)[:, 1]
