"""
The components beside each other and beside the baselines: `python -m wardstream_training.compare --config …`. Prints Markdown
of metrics.json for the README, differences with 95 % intervals of the same resamples.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from .data import load_cohort, load_config
from .evaluate import BASELINES, baseline_scores, weighted_auroc, weighted_precision

LABELS = {
    "model": "this model", "onlyTransformers": "its transformers alone", "onlyTrees": "its trees alone", "onlyLinear": "its linear models alone",
    "logisticRegression": "logistic regression on summaries", "boostedTrees": "boosted trees on summaries",
    "logisticRegressionDerived": "logistic regression, with derived quantities", "boostedTreesDerived": "boosted trees, with derived quantities",
    "sofa": "SOFA parts known", "news2": "NEWS2",
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
    died = cohort.died
    rng = np.random.default_rng(config["seed"])
    weights = np.stack([np.bincount(rng.integers(0, len(died), len(died)), minlength=len(died)) for _ in range(config["bootstrap"])]).astype(np.float64)
    once = np.ones((1, len(died)))
    baselines = baseline_scores(config, cohort, saved["fold"])
    lines = ["| hours | less | AUROC | AUPRC |", "| --- | --- | --- | --- |"]
    for hour in config["hours"]:
        own = saved["logits"][:, hour - 1, 0]
        for name in BASELINES:
            other = baselines[name, hour]
            cells = []
            for figure in (weighted_auroc, weighted_precision):
                difference = lambda part: figure(died, own, part) - figure(died, other, part)
                low, high = np.percentile(np.concatenate([difference(part) for part in np.array_split(weights, 10)]), [2.5, 97.5])
                cells.append(f"{difference(once)[0]:+.3f} [{low:+.3f}, {high:+.3f}]")
            lines.append(f"| {hour} | {LABELS[name]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    config = load_config(parser.parse_args().config)
    metrics = json.loads((Path(config["runs"]) / "metrics.json").read_text())
    print("AUROC / AUPRC / Score1\n\n" + table(metrics) + "\n\nDifferences, paired\n\n" + differences(config))


if __name__ == "__main__":
    main()
