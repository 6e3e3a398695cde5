"""Evaluates the out-of-fold scores beside the baselines: `python -m wardstream_training.evaluate --config …`. Writes metrics.json."""

import argparse
import json
from pathlib import Path

import numpy as np

from . import alarms
from .data import ENDPOINTS, OUTPUTS, load_cohort, load_config, onset_labels, summary
from .risk.baselines import logistic, out_of_fold, trees
from .risk.calibration import expected_calibration_error, reliability
from .risk.ranks import ascending

RECALLS = [0.9, 0.8, 0.5]
# How each is fitted, and whether it has the derived quantities.
BASELINES = {
    "logisticRegression": (logistic, False),
    "boostedTrees": (trees, False),
    "logisticRegressionDerived": (logistic, True),
    "boostedTreesDerived": (trees, True),
}


def weighted_auroc(y: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUROC of y [n], score [n] under each row of weights [draws, n]; ties count half. Shape [draws]."""
    order, ends = ascending(score)
    positive, negative = (cumulated(weights[:, order] * (y[order] == each), ends) for each in (1, 0))
    below = negative - (negative - np.pad(negative[:, :-1], ((0, 0), (1, 0)))) / 2
    gained = np.diff(positive, axis=1, prepend=0)
    return (gained * below).sum(1) / (positive[:, -1] * negative[:, -1])


def weighted_precision(y: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision under each row of weights, as scikit-learn's. Shape [draws]."""
    order, ends = ascending(-score)
    hits, all_ = cumulated(weights[:, order] * y[order], ends), cumulated(weights[:, order], ends)
    return (np.diff(hits, axis=1, prepend=0) * hits / np.maximum(all_, 1e-12)).sum(1) / hits[:, -1]


def cumulated(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    return np.cumsum(values, 1, dtype=np.float64)[:, ends]


def score1(died: np.ndarray, score: np.ndarray, fold: np.ndarray) -> float:
    """min(sensitivity, PPV) of the Challenge, the threshold of each fold set on the other folds."""
    flagged = np.zeros(len(died), dtype=bool)
    for each in np.unique(fold):
        train = fold != each
        flagged[~train] = score[~train] >= np.sort(score[train])[-int(died[train].sum())]
    hits = float((flagged & (died == 1)).sum())
    return min(hits / max(1.0, float(died.sum())), hits / max(1, int(flagged.sum())))


def metrics(died: np.ndarray, score: np.ndarray, fold: np.ndarray, resamples: int, seed: int) -> dict:
    """AUROC, AUPRC, Score1, each [value, low, high]: 95 % percentile bootstrap over patients."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(died), (resamples, len(died)))
    draws = {name: [] for name in ("auroc", "auprc", "score1")}
    for part in np.array_split(picks, max(1, resamples // 100)):
        weights = np.stack([np.bincount(pick, minlength=len(died)) for pick in part]).astype(np.float64)
        draws["auroc"].extend(weighted_auroc(died, score, weights))
        draws["auprc"].extend(weighted_precision(died, score, weights))
        draws["score1"].extend(score1(died[pick], score[pick], fold[pick]) for pick in part)
    once = np.ones((1, len(died)))
    values = {"auroc": weighted_auroc(died, score, once)[0], "auprc": weighted_precision(died, score, once)[0], "score1": score1(died, score, fold)}
    return {name: [round(float(x), 4) for x in (values[name], *np.percentile(draws[name], [2.5, 97.5]))] for name in values}


def baseline_scores(config: dict, cohort, fold: np.ndarray) -> dict:
    """Out-of-fold probabilities [stays] of each baseline and hour; kept in the run's folder, where `compare` finds them."""
    file = Path(config["runs"]) / "baselines.npz"
    if not file.exists():
        scores = {
            f"{name}-{hour}": out_of_fold(fit_predict, summary(cohort, hour, derived), cohort.died, fold)
            for hour in config["hours"]
            for name, (fit_predict, derived) in BASELINES.items()
        }
        np.savez(file, **scores)
    saved = np.load(file)
    return {(name, hour): saved[f"{name}-{hour}"] for name in BASELINES for hour in config["hours"]}


def mortality(config: dict, cohort, saved) -> dict:
    """Figures of each hour."""
    baselines = baseline_scores(config, cohort, saved["fold"])
    fold, died = saved["fold"], cohort.died
    names = cohort.description["scoreNames"]
    hours = {}
    for hour in config["hours"]:
        logits = saved["logits"][:, hour - 1, 0]
        probability = 1 / (1 + np.exp(-logits))
        raw = saved["raw"][:, hour - 1, 0]
        bedside = {name: np.nan_to_num(cohort.scores[:, hour - 1, names.index(name)].astype(np.float64), nan=-1) for name in ("news2", "sofa")}
        scores = {
            "model": probability,
            **{name: baselines[name, hour] for name in BASELINES},
            **bedside,
            "onlyTransformers": raw[:, 0],
            "onlyTrees": raw[:, 1],
            "onlyLinear": raw[:, 2],
        }
        row = {name: metrics(died, score, fold, config["bootstrap"], config["seed"]) for name, score in scores.items()}
        row["model"] |= {"ece": round(expected_calibration_error(died, probability), 4), "reliability": reliability(died, probability)}
        hours[str(hour)] = row
        print(hour, {name: [each[0] for key, each in value.items() if key in ("auroc", "auprc", "score1")] for name, value in row.items()}, row["model"]["ece"], flush=True)
    return hours


def onset(config: dict, cohort, saved, name: str) -> dict:
    """Event-based figures of one endpoint at some recalls, of the model and of what it is compared with, all at the end of each hour."""
    monitored = alarms.Monitored.of(cohort.events[ENDPOINTS[name]], cohort.hours, cohort.x.shape[1])
    scores = dict(zip(cohort.description["scoreNames"], np.moveaxis(cohort.scores.astype(np.float64), 2, 0)))
    output = OUTPUTS.index(name)
    signals = {
        "model": saved["logits"][:, :, output],
        "boostedTrees": saved["raw"][:, :, output, 1].astype(np.float64),
        "news2": scores["news2"],
        "map": -scores["map"],
        "spo2": -scores["spo2"],
    }
    labels = onset_labels(cohort, name)
    known = ~np.isnan(labels)
    result = {}
    for signal, values in signals.items():
        at = {str(recall): rounded(alarms.at_recall(monitored, values, recall)) for recall in RECALLS}
        result[signal] = {"atRecall": at}
        filled = np.where(np.isnan(values), np.nanmin(values) - 1, values)[known]
        once = np.ones((1, known.sum()))
        result[signal] |= {
            "auroc": round(float(weighted_auroc(labels[known], filled, once)[0]), 4),
            "auprc": round(float(weighted_precision(labels[known], filled, once)[0]), 4),
        }
    probability = 1 / (1 + np.exp(-signals["model"][known]))
    result["model"] |= {"ece": round(expected_calibration_error(labels[known], probability), 4), "reliability": reliability(labels[known], probability)}
    for signal, values in result.items():
        print(name, signal, values["auroc"], values["auprc"], values["atRecall"]["0.9"], flush=True)
    return result | {"prevalence": round(float(labels[known].mean()), 4)}


def rounded(values: dict) -> dict:
    """Null where there is no such number: no threshold reaches the recall, or nothing was caught."""
    numbers = {key: round(value, 4) if isinstance(value, float) else value for key, value in values.items()}
    return {key: value if np.isfinite(value) else None for key, value in numbers.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    config = load_config(parser.parse_args().config)
    cohort = load_cohort(config)
    saved = np.load(Path(config["runs"]) / "out-of-fold.npz")
    known = cohort.saps >= 0
    result = {
        "stays": len(cohort.died),
        "deaths": int(cohort.died.sum()),
        "folds": config["folds"],
        "hours": mortality(config, cohort, saved),
        "saps1": metrics(cohort.died[known], cohort.saps[known], saved["fold"][known], config["bootstrap"], config["seed"]),
        "onset": {name: onset(config, cohort, saved, name) for name in ENDPOINTS},
    }
    fused = Path(config["runs"], "fusion.json")
    if fused.exists():
        result["fusion"] = json.loads(fused.read_text())
    Path(config["runs"], "metrics.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
