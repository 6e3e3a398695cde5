"""What the model must beat: models of one hour."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
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
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=500))
    return model.fit(squares(x_train), y_train).predict_proba(squares(x_test))[:, 1]


def squares(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, x**2], axis=1)


def trees(x_train, y_train, x_test):
    model = HistGradientBoostingClassifier(
        learning_rate=0.04, max_iter=180, max_leaf_nodes=12, min_samples_leaf=30, l2_regularization=10.0,
        max_features=0.3, random_state=0,
    )
    return model.fit(x_train, y_train).predict_proba(x_test)[:, 1]
