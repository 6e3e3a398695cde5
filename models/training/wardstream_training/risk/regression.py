"""
A regression whose weights have the signs of the table of directions and move in a straight line with the hours. Where training has few values of a kind, as
of two days and of the very ill, a line goes on where trees and a network level off.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from .columns import Columns

STEPS = 300


@dataclass(frozen=True)
class Regression:
    """Logit = (columns, which variables are known) · (`start` + elapsed (`end` - `start`)) + constant, missing columns as 0."""

    start: np.ndarray  # [columns + variables]
    end: np.ndarray
    constant: np.ndarray  # [2], at the start, and what is added by the end

    def logits(self, x: np.ndarray, known: np.ndarray, elapsed: np.ndarray) -> np.ndarray:
        """Of columns [n, columns] with NaN where missing, the places of one column of each variable, and the share of the window that has passed [n]. [n]"""
        inputs = inputs_of(x, known)
        return (inputs @ self.start) * (1 - elapsed) + (inputs @ self.end) * elapsed + self.constant[0] + self.constant[1] * elapsed


def inputs_of(x: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.concatenate([np.nan_to_num(x), ~np.isnan(x[:, known])], 1, dtype=np.float32)


def fit_regression(x: np.ndarray, known: np.ndarray, elapsed: np.ndarray, target: np.ndarray, weight: np.ndarray, columns: Columns, ridge: float) -> Regression:
    """Targets 0 to 1 [n], weights [n] that sum up to what the rows are worth against the `ridge`. Shapes as in `Regression.logits`."""
    inputs = inputs_of(x, known)
    n = inputs.shape[1]
    elapsed, target, weight = (each.astype(np.float32) for each in (elapsed, target, weight))
    at = np.stack([1 - elapsed, elapsed])

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        parts = (inputs @ w[: 2 * n].reshape(2, n).T.astype(np.float32)).T
        logit = (parts * at).sum(0) + np.float32(w[-2]) + np.float32(w[-1]) * elapsed
        residual = weight * (1 / (1 + np.exp(-logit)) - target)
        value = float((weight * (np.logaddexp(0, logit) - target * logit)).sum(dtype=np.float64))
        slope = np.concatenate([(inputs.T @ (residual * each)).astype(np.float64) for each in at] + [[residual.sum(dtype=np.float64), (residual * elapsed).sum(dtype=np.float64)]])
        slope[: 2 * n] += ridge * w[: 2 * n]
        return value + ridge / 2 * float((w[: 2 * n] ** 2).sum()), slope

    signs = [*columns.directions, *np.zeros(len(known), int)]
    bounds = [(0, None) if each > 0 else (None, 0) if each < 0 else (None, None) for each in signs] * 2 + [(None, None)] * 2
    found = minimize(loss, np.zeros(2 * n + 2), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS, "maxcor": 20}).x
    return Regression(found[:n], found[n : 2 * n], found[-2:])
