"""Trees and a regression of which no worse sign lowers a risk."""

from dataclasses import dataclass

import lightgbm
import numpy as np
from scipy.optimize import minimize

# Columns that hardly vary are divided by this, lest what was rare in training weigh without bound where it is not.
LEAST_SPREAD = 0.1
# Hours at which the regression's time runs from 0 to 1.
WINDOW = 48.0


def fit_trees(x: np.ndarray, y: np.ndarray, weight: np.ndarray, directions: list[int], options: dict, seed: int) -> lightgbm.Booster:
    """Boosted trees of rows [n, columns], labels 0 or 1 [n]; `directions` [columns] as in columns.py. One thread, same seed, same trees."""
    rounds = options["rounds"]
    settings = {
        "objective": "binary", "learning_rate": options["learningRate"], "num_leaves": options["leaves"],
        "min_data_in_leaf": options["leastRows"], "lambda_l2": options["l2"], "feature_fraction": options["columns"],
        "max_bin": options["bins"], "monotone_constraints": directions, "monotone_constraints_method": "intermediate",
        "seed": seed, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    }
    if not any(directions):
        del settings["monotone_constraints"], settings["monotone_constraints_method"]
    return lightgbm.train(settings, lightgbm.Dataset(x, y, weight=weight, free_raw_data=True), rounds)


@dataclass(frozen=True)
class Linear:
    """Logistic regression whose weights move with the hours since admission, each end with its direction."""

    mean: np.ndarray  # [columns], of those that are known
    spread: np.ndarray  # [columns]
    early: np.ndarray  # [columns + 1], at admission; the constant is last
    late: np.ndarray  # [columns + 1], after two days

    def logits(self, x: np.ndarray, hours: np.ndarray) -> np.ndarray:
        known = np.nan_to_num((x - self.mean) / self.spread, copy=False)
        time = np.minimum(1.0, hours / WINDOW)
        early, late = (known @ each[:-1].astype(np.float32) + each[-1] for each in (self.early, self.late))
        return (1 - time) * early + time * late


def spread_of(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the known values of each column, 0 and the least where none is known. Shapes [columns]."""
    known = ~np.isnan(x)
    count = np.maximum(1, known.sum(0))
    mean = np.nansum(x, 0, dtype=np.float64) / count
    squares = np.nansum(x.astype(np.float64) ** 2, 0) / count
    return mean, np.maximum(np.sqrt(np.maximum(0, squares - mean**2)), LEAST_SPREAD)


def fit_linear(
    x: np.ndarray, hours: np.ndarray, y: np.ndarray, weight: np.ndarray, directions: list[int], ridge: float, steps: int = 300
) -> Linear:
    """Weights by L-BFGS-B within the signs that `directions` allow; a missing value counts as the mean. `ridge` is in stays, as `weight` is."""
    mean, spread = spread_of(x)
    known = np.nan_to_num((x - mean.astype(np.float32)) / spread.astype(np.float32), copy=False)
    time = np.minimum(1.0, hours / WINDOW).astype(np.float32)
    columns = known.shape[1]
    target, weight = y.astype(np.float32), weight.astype(np.float32)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        early, late = weights[: columns + 1].astype(np.float32), weights[columns + 1 :].astype(np.float32)
        both = known @ np.stack([early[:-1], late[:-1]], 1) + np.array([early[-1], late[-1]], dtype=np.float32)
        logits = (1 - time) * both[:, 0] + time * both[:, 1]
        p = 1 / (1 + np.exp(-logits))
        lost = weight * (np.logaddexp(0, logits) - target * logits)
        error = weight * (p - target)
        sides = np.stack([error * (1 - time), error * time], 1)
        slope = known.T @ sides
        gradient = np.concatenate([slope[:, 0], sides[:, :1].sum(0), slope[:, 1], sides[:, 1:].sum(0)]).astype(np.float64)
        pull = weights.copy()
        pull[[columns, -1]] = 0
        return float(lost.sum(dtype=np.float64) + ridge / 2 * (pull @ pull)), gradient + ridge * pull

    signs = [(0, None) if each > 0 else (None, 0) if each < 0 else (None, None) for each in directions]
    bounds = [*signs, (None, None)] * 2
    rate = np.average(target, weights=weight)
    start = np.zeros(2 * (columns + 1))
    start[[columns, -1]] = np.log(rate / (1 - rate))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps}).x
    return Linear(mean.astype(np.float32), spread.astype(np.float32), found[: columns + 1], found[columns + 1 :])
