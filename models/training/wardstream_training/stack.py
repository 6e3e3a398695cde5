"""Puts the components together: of each output, weights of transformers, trees and linear models that calibrate as well."""

import json

import numpy as np
import torch

from .data import OUTPUTS
from .model import COMPONENTS
from .risk.stacking import fit_stack, stack_terms
from .train import Run, linear_module


def terms_of(raw: np.ndarray, output: int) -> np.ndarray:
    """What the stack weighs of one output. raw [stays, steps, outputs, components] -> [stays, steps, terms]"""
    stays, steps = raw.shape[:2]
    elapsed = np.tile(np.arange(1, steps + 1) / steps, stays)
    chosen = raw[:, :, output].reshape(stays * steps, -1).astype(np.float64)
    return stack_terms(chosen, elapsed).reshape(stays, steps, -1)


def cross_fitted(raw: np.ndarray, labels: dict, fold: np.ndarray) -> np.ndarray:
    """Calibrated logits [stays, steps, outputs]; the stack of each fold is fitted on the others' out-of-fold components."""
    logits = np.zeros(raw.shape[:3])
    for output, name in enumerate(OUTPUTS):
        terms = terms_of(raw, output)
        for each in np.unique(fold):
            train = fold != each
            weights = fit_stack(terms[train].reshape(-1, terms.shape[2]), labels[name][train].reshape(-1))
            logits[~train, :, output] = terms[~train] @ weights
    return logits


def out_of_fold_raw(run: Run) -> np.ndarray:
    """Components' logits [stays, steps, outputs, components], of models that did not see the stay's fold."""
    raw = np.zeros((*run.cohort.x.shape[:2], len(OUTPUTS), COMPONENTS), dtype=np.float32)
    for name in run.names()[:-1]:
        stays = np.flatnonzero(run.fold == run.without(name)[0])
        raw[stays] = raw_of(run, name, run.cohort.x[stays])
    return raw


def raw_of(run: Run, name: str, x: np.ndarray, steps: np.ndarray | None = None) -> np.ndarray:
    """
    What the fitted components say of rows [stays, steps, features], as `Ensemble.raw` does but faster. Where `steps`
    [stays, steps] is given, only those rows are wanted and the others may hold anything. Shape [stays, steps, outputs, components].
    """
    members = [run.member(name, number) for number in range(run.config["members"])]
    simple = run.simple(name)
    wanted = np.ones(x.shape[:2], bool) if steps is None else steps
    rows = x[wanted]
    raw = np.zeros((*x.shape[:2], len(OUTPUTS), COMPONENTS), dtype=np.float32)
    with torch.no_grad():
        for part in np.array_split(np.arange(len(x)), max(1, len(x) // 32)):
            raw[part, :, :, 0] = sum(member(torch.from_numpy(x[part]))[0] for member in members).numpy() / len(members)
        raw[wanted, 0, 2] = linear_module(run.cohort, simple["linear"])(torch.from_numpy(rows)).numpy()
    raw[wanted, 0, 1] = sum(trees.decision_function(rows) for trees in simple["trees"]) / len(simple["trees"])
    for output, endpoint in enumerate(OUTPUTS[1:], 1):
        raw[wanted, output, 1] = run.onset(endpoint, name).decision_function(rows)
    return raw


def finish(run: Run) -> None:
    """Writes `out-of-fold.npz` and `model.pt`."""
    raw = out_of_fold_raw(run)
    logits = cross_fitted(raw, run.labels, run.fold)
    np.savez(run.folder / "out-of-fold.npz", logits=logits, raw=raw, fold=run.fold)
    ensemble = run.ensemble("all")
    for output, name in enumerate(OUTPUTS):
        terms = terms_of(raw, output)
        weights = fit_stack(terms.reshape(-1, terms.shape[2]), run.labels[name].reshape(-1))
        ensemble.set_stack(output, weights)
        run.say(f"{name}: {np.round(weights, 3).tolist()}")
    torch.save(ensemble.state_dict(), run.folder / "model.pt")
    (run.folder / "run.json").write_text(json.dumps({"config": run.config}, indent=2))
