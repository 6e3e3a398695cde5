"""Trains: `python -m wardstream_training.train --config configs/deterioration.json [--smoke]`."""

import argparse
import copy
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from .baselines import pooled_trees, teacher
from .data import Cohort, drop_variables, folds, load_cohort, load_config, next_means
from .model import BoostedTrees, Ensemble, StepTransformer, calibrated

TEACHING_HOURS = [4, 8, 12, 18, 24, 36, 48]
POOLED_HOURS = [3, 6, 9, 12, 16, 20, 24, 30, 36, 42, 48]


def step_weights(steps: int) -> torch.Tensor:
    """Later hours know more and count more: from 0.5 at the first to 1.5 at the last. Shape [steps]."""
    return torch.linspace(0.5, 1.5, steps)


def new_model(cohort: Cohort, config: dict) -> StepTransformer:
    _, steps, features = cohort.x.shape
    return StepTransformer(features, steps, cohort.variables, **config["model"])


def fit(cohort: Cohort, train: np.ndarray, soft: np.ndarray, config: dict, seed: int, watch=None) -> StepTransformer:
    """
    Trains one member on the stays `train` with soft targets [train, steps]; returns its averaged weights. First without
    labels, to forecast the next step's values; then for the outcome, with the forecast beside it. `watch(pass, model)` is
    called after each pass.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    options = config["training"]
    model = new_model(cohort, config)
    averaged = copy.deepcopy(model).eval()
    decay = [p for name, p in model.named_parameters() if p.ndim > 1 and "bias" not in name]
    rest = [p for name, p in model.named_parameters() if not (p.ndim > 1 and "bias" not in name)]
    groups = [{"params": decay, "weight_decay": options["weightDecay"]}, {"params": rest, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=options["learningRate"])
    pretraining, epochs = options["pretrainingEpochs"], options["pretrainingEpochs"] + options["epochs"]
    batches = -(-len(train) // options["batch"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options["learningRate"], total_steps=epochs * batches, pct_start=0.15)
    steps = cohort.x.shape[1]
    hard = np.repeat(cohort.died[train][:, None], steps, 1)
    target = (1 - options["teacherWeight"]) * hard + options["teacherWeight"] * soft
    weights = step_weights(steps)
    for epoch in range(epochs):
        model.train()
        order = rng.permutation(len(train))
        total = 0.0
        for start in range(0, len(order), options["batch"]):
            chosen = order[start : start + options["batch"]]
            rows = cohort.x[train[chosen]]
            values, seen = next_means(cohort, rows)
            x = torch.from_numpy(drop_variables(cohort, rows, options["variableDropout"], rng))
            y = torch.from_numpy(target[chosen].astype(np.float32))
            mix = float(rng.beta(options["mixup"], options["mixup"]))
            other = torch.from_numpy(rng.permutation(len(chosen)))
            values, seen = torch.from_numpy(values), torch.from_numpy(seen)
            seen = seen * seen[other]
            logits, forecast = model(mix * x + (1 - mix) * x[other])
            error = (forecast[:, :-1] - mix * values - (1 - mix) * values[other]) ** 2 * seen
            loss = error.sum() / seen.sum().clamp(min=1) * (1.0 if epoch < pretraining else options["forecastWeight"])
            if epoch >= pretraining:
                y = mix * y + (1 - mix) * y[other]
                loss = loss + (F.binary_cross_entropy_with_logits(logits, y, reduction="none") * weights).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
            with torch.no_grad():
                for slow, fast in zip(averaged.parameters(), model.parameters()):
                    slow.lerp_(fast, 1 - options["emaDecay"])
        print(f"  pass {epoch + 1}/{epochs} loss {total / batches:.4f}", flush=True)
        if watch is not None:
            watch(epoch + 1, averaged)
    return averaged


def fit_trees(cohort: Cohort, train: np.ndarray, config: dict) -> BoostedTrees:
    return BoostedTrees.of(pooled_trees(cohort, train, POOLED_HOURS, config["trees"]["iterations"]))


def predict(ensemble: Ensemble, cohort: Cohort, stays: np.ndarray) -> np.ndarray:
    """Logits [stays, steps]."""
    ensemble.eval()
    with torch.no_grad():
        parts = np.array_split(stays, max(1, len(stays) // 32))
        return np.concatenate([ensemble(torch.from_numpy(cohort.x[part])).numpy() for part in parts])


def calibrate(logits: np.ndarray, died: np.ndarray) -> torch.Tensor:
    """The calibration of raw out-of-fold logits [stays, steps], over all steps: a polynomial that rises everywhere. Shape [4]."""
    z = torch.from_numpy(logits.astype(np.float64))
    y = torch.from_numpy(np.repeat(died[:, None], logits.shape[1], 1).astype(np.float64))
    parameters = torch.tensor([0.0, 1.0, 0.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([parameters], max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(calibrated(z, parameters), y)
        loss.backward()
        return loss

    optimiser.step(closure)
    _, b, c, d = parameters.detach()
    if not (b > 0 and c**2 < 3 * b * d):
        raise SystemExit(f"the calibration does not rise everywhere: {parameters.tolist()}")
    return parameters.detach().float()


def load_ensemble(cohort: Cohort, config: dict) -> Ensemble:
    """The ensemble that `main` saved."""
    state = torch.load(Path(config["runs"]) / "model.pt", weights_only=True)
    trees, splits, leaves = state["trees.path"].shape
    members = [new_model(cohort, config) for _ in range(config["members"])]
    ensemble = Ensemble(members, BoostedTrees(trees, splits, leaves), config["trees"]["share"])
    ensemble.load_state_dict(state)
    return ensemble.eval()


def taught(cohort: Cohort, train: np.ndarray, config: dict, name: str) -> np.ndarray:
    """The teacher's soft targets for the stays `train`, kept in the run's folder since they take longer than a member."""
    file = Path(config["runs"]) / f"teacher-{name}.npy"
    if not file.exists():
        hours = [hour for hour in TEACHING_HOURS if hour <= cohort.x.shape[1]]
        np.save(file, teacher(cohort, train, hours[-1:] if config["smoke"] else hours, config["seed"]))
    return np.load(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--smoke", action="store_true", help="one pass, two folds, a teacher of one hour")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    config = load_config(arguments.config) | {"smoke": arguments.smoke}
    if arguments.smoke:
        config["folds"] = 2
        config["training"] |= {"pretrainingEpochs": 0, "epochs": 1}
        config["trees"] |= {"iterations": 3}
    torch.set_num_threads(arguments.threads)
    cohort = load_cohort(config)
    runs = Path(config["runs"])
    runs.mkdir(parents=True, exist_ok=True)
    fold = folds(cohort.died, config["folds"], config["seed"])
    everyone = np.arange(len(cohort.died))
    logits = np.zeros(cohort.x.shape[:2], dtype=np.float32)
    started = time.time()

    def ensemble_of(train: np.ndarray, name: str, seed: int) -> Ensemble:
        soft = taught(cohort, train, config, name)
        members = []
        for member in range(config["members"]):
            print(f"{name}, member {member + 1} of {config['members']}, {time.time() - started:.0f} s", flush=True)
            members.append(fit(cohort, train, soft, config, seed + 100 * member))
        return Ensemble(members, fit_trees(cohort, train, config), config["trees"]["share"])

    for each in range(config["folds"]):
        train, test = everyone[fold != each], everyone[fold == each]
        logits[test] = predict(ensemble_of(train, f"fold-{each}", config["seed"] + each), cohort, test)
        np.savez(runs / f"fold-{each}.npz", logits=logits[test], stays=test)
    ensemble = ensemble_of(everyone, "all", config["seed"])
    if not arguments.smoke:
        ensemble.calibration.copy_(calibrate(logits, cohort.died))
    final = calibrated(torch.from_numpy(logits), ensemble.calibration).numpy()
    np.savez(runs / "out-of-fold.npz", logits=final, raw=logits, fold=fold)
    torch.save(ensemble.state_dict(), runs / "model.pt")
    (runs / "run.json").write_text(json.dumps({"config": config, "seconds": round(time.time() - started)}, indent=2))


if __name__ == "__main__":
    main()
