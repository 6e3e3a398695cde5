"""Evaluates the out-of-fold scores beside the baselines: `python -m wardstream_training.evaluate --config …`. Writes metrics.json."""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from .baselines import logistic, out_of_fold, trees
from .data import load_cohort, load_config, summary


def score1(died: np.ndarray, score: np.ndarray, fold: np.ndarray) -> float:
    """min(sensitivity, PPV) of the Challenge, the threshold of each fold set on the other folds."""
    flagged = np.zeros(len(died), dtype=bool)
    for each in np.unique(fold):
        train = fold != each
        flagged[~train] = score[~train] >= np.sort(score[train])[-int(died[train].sum())]
    hits = float((flagged & (died == 1)).sum())
    return min(hits / max(1.0, float(died.sum())), hits / max(1, int(flagged.sum())))


def expected_calibration_error(died: np.ndarray, probability: np.ndarray, bins: int = 10) -> float:
    """Mean distance between predicted and observed risk over ten bins of equal count."""
    order = np.argsort(probability)
    parts = np.array_split(order, bins)
    return float(sum(len(p) * abs(probability[p].mean() - died[p].mean()) for p in parts) / len(died))


def metrics(died: np.ndarray, score: np.ndarray, fold: np.ndarray, resamples: int, seed: int) -> dict:
    """AUROC, AUPRC, Score1, each [value, low, high]: 95 % percentile bootstrap over patients."""
    functions = {"auroc": roc_auc_score, "auprc": average_precision_score}
    rng = np.random.default_rng(seed)
    draws = {name: [] for name in [*functions, "score1"]}
    for _ in range(resamples):
        pick = rng.integers(0, len(died), len(died))
        for name, function in functions.items():
            draws[name].append(function(died[pick], score[pick]))
        draws["score1"].append(score1(died[pick], score[pick], fold[pick]))
    values = {name: function(died, score) for name, function in functions.items()} | {"score1": score1(died, score, fold)}
    return {name: [round(float(x), 4) for x in (values[name], *np.percentile(draws[name], [2.5, 97.5]))] for name in values}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    config = load_config(parser.parse_args().config)
    cohort = load_cohort(config)
    saved = np.load(Path(config["runs"]) / "out-of-fold.npz")
    fold, died = saved["fold"], cohort.died
    result = {"stays": len(died), "deaths": int(died.sum()), "folds": config["folds"], "hours": {}}
    for hour in config["hours"]:
        x = summary(cohort, hour)
        probability = 1 / (1 + np.exp(-saved["logits"][:, hour - 1].astype(np.float64)))
        scores = {
            "model": probability,
            "logisticRegression": out_of_fold(logistic, x, died, fold),
            "boostedTrees": out_of_fold(trees, x, died, fold),
        }
        row = {name: metrics(died, score, fold, config["bootstrap"], config["seed"]) for name, score in scores.items()}
        row["model"]["ece"] = round(expected_calibration_error(died, probability), 4)
        result["hours"][str(hour)] = row
        print(hour, json.dumps(row), flush=True)
    known = cohort.saps >= 0
    result["saps1"] = metrics(died[known], cohort.saps[known], fold[known], config["bootstrap"], config["seed"])
    Path(config["runs"], "metrics.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
