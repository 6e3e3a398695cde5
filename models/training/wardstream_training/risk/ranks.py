"""Scores in order."""

import numpy as np


def ascending(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order of the scores, and the place of the last of each run of equal ones."""
    order = np.argsort(score, kind="stable")
    return order, np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
