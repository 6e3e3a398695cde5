"""How far predicted risks are from observed ones."""

import numpy as np


def expected_calibration_error(died: np.ndarray, probability: np.ndarray, bins: int = 10) -> float:
    """Mean distance between predicted and observed risk over ten bins of equal count."""
    return float(sum(row["count"] * abs(row["predicted"] - row["observed"]) for row in reliability(died, probability, bins)) / len(died))


def reliability(died: np.ndarray, probability: np.ndarray, bins: int = 10) -> list[dict]:
    parts = np.array_split(np.argsort(probability), bins)
    return [{"count": len(p), "predicted": round(float(probability[p].mean()), 4), "observed": round(float(died[p].mean()), 4)} for p in parts]
