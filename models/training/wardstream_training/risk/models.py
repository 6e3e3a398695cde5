"""Trees of which no worse sign lowers a risk."""

import lightgbm
import numpy as np


def fit_trees(x: np.ndarray, y: np.ndarray, weight: np.ndarray, directions: list[int], options: dict, seed: int) -> lightgbm.Booster:
    """Boosted trees of rows [n, columns], targets 0 to 1 [n]; `directions` [columns] as in columns.py. One thread, same seed, same trees."""
    settings = {
        "objective": "cross_entropy", "learning_rate": options["learningRate"], "num_leaves": options["leaves"],
        "min_data_in_leaf": options["leastRows"], "lambda_l2": options["l2"], "feature_fraction_bynode": options["columns"],
        "max_bin": options["bins"], "monotone_constraints": directions, "monotone_constraints_method": "basic",
        "seed": seed, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    }
    if not any(directions):
        del settings["monotone_constraints"], settings["monotone_constraints_method"]
    return lightgbm.train(settings, lightgbm.Dataset(x, y, weight=weight, free_raw_data=True), options["rounds"])
