"""
The components beside each other and beside the baselines: `python -m wardstream_training.compare --config …`. Prints Markdown
of metrics.json for the README, differences in AUROC with 95 % intervals of the same resamples.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from .baselines import logistic, out_of_fold, trees
from .data import load_cohort, load_config, summary
from .evaluate import weighted_auroc

LABELS = {
    "model": "this model", "onlyTransformers": "its transformers alone", "onlyTrees": "its trees alone", "onlyLinear": "its linear models alone",
    "logisticRegression": "logistic regression on summaries", "boostedTrees": "boosted trees on summaries", "sofa": "SOFA parts known", "news2": "NEWS2",
}


def table(metrics: dict) -> str:
    """AUROC / AUPRC / Score1 by hour."""
    hours = list(metrics["hours"])
    lines = ["| | " + " | ".join(f"{hour} h" for hour in hours) + " |", "| --- |" + " --- |" * len(hours)]
    for name, label in LABELS.items():
        cells = [" / ".join(f"{metrics['hours'][hour][name][key][0]:.3f}" for key in ("auroc", "auprc", "score1")) for hour in hours]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def differences(config: dict) -> str:
    """The model less each baseline, paired."""
    cohort = load_cohort(config)
    saved = np.load(Path(config["runs"]) / "out-of-fold.npz")
    died, fold = cohort.died, saved["fold"]
    rng = np.random.default_rng(config["seed"])
    weights = np.stack([np.bincount(rng.integers(0, len(died), len(died)), minlength=len(died)) for _ in range(config["bootstrap"])]).astype(np.float64)
    lines = []
    for hour in config["hours"]:
        x = summary(cohort, hour, derived=False)
        own = saved["logits"][:, hour - 1, 0]
        for name, function in (("logisticRegression", logistic), ("boostedTrees", trees)):
            other = out_of_fold(function, x, died, fold)
            point = weighted_auroc(died, own, np.ones((1, len(died))))[0] - weighted_auroc(died, other, np.ones((1, len(died))))[0]
            draws = np.concatenate([weighted_auroc(died, own, part) - weighted_auroc(died, other, part) for part in np.array_split(weights, 10)])
            low, high = np.percentile(draws, [2.5, 97.5])
            lines.append(f"- {hour} h, less {LABELS[name]}: {point:+.3f} [{low:+.3f}, {high:+.3f}]")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    config = load_config(parser.parse_args().config)
    metrics = json.loads((Path(config["runs"]) / "metrics.json").read_text())
    print("AUROC / AUPRC / Score1\n\n" + table(metrics) + "\n\nDifferences in AUROC\n\n" + differences(config))


if __name__ == "__main__":
    main()
