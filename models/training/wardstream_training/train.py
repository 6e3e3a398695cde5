"""Trains: `python -m wardstream_training.train --config configs/deterioration.json [--smoke]`."""

import argparse
import copy
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from .baselines import teacher
from .data import Cohort, folds, load_cohort, load_config
from .model import StepTransformer

TEACHING_HOURS = [6, 12, 24, 36, 48]


def step_weights(steps: int) -> torch.Tensor:
    """Later hours know more and count more: from 0.5 at the first to 1.5 at the last. Shape [steps]."""
    return torch.linspace(0.5, 1.5, steps)


def fit(cohort: Cohort, train: np.ndarray, soft: np.ndarray, config: dict, seed: int, epochs: int, watch: np.ndarray | None = None):
    """Trains on the stays `train`; returns the averaged model and, per epoch, logits of the stays `watch` [epochs, watch, steps]."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    options = config["training"]
    _, steps, features = cohort.x.shape
    model = StepTransformer(features, steps, **config["model"])
    averaged = copy.deepcopy(model).eval()
    decay = [p for name, p in model.named_parameters() if p.ndim > 1 and "bias" not in name]
    rest = [p for name, p in model.named_parameters() if not (p.ndim > 1 and "bias" not in name)]
    optimiser = torch.optim.AdamW(
        [{"params": decay, "weight_decay": options["weightDecay"]}, {"params": rest, "weight_decay": 0.0}],
        lr=options["learningRate"],
    )
    batches = -(-len(train) // options["batch"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options["learningRate"], total_steps=epochs * batches, pct_start=0.15)
    hard = np.repeat(cohort.died[train][:, None], steps, 1)
    target = (1 - options["teacherWeight"]) * hard + options["teacherWeight"] * soft
    weights = step_weights(steps)
    history = []
    for epoch in range(epochs):
        model.train()
        order = rng.permutation(len(train))
        total = 0.0
        for start in range(0, len(order), options["batch"]):
            chosen = order[start : start + options["batch"]]
            x = torch.from_numpy(cohort.x[train[chosen]])
            y = torch.from_numpy(target[chosen].astype(np.float32))
            mix = float(rng.beta(options["mixup"], options["mixup"]))
            other = torch.from_numpy(rng.permutation(len(chosen)))
            x, y = mix * x + (1 - mix) * x[other], mix * y + (1 - mix) * y[other]
            loss = (F.binary_cross_entropy_with_logits(model(x), y, reduction="none") * weights).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
            with torch.no_grad():
                for slow, fast in zip(averaged.parameters(), model.parameters()):
                    slow.lerp_(fast, 1 - options["emaDecay"])
        if watch is not None:
            history.append(predict(averaged, cohort, watch))
        print(f"  pass {epoch + 1}/{epochs} loss {total / batches:.4f}", flush=True)
    return averaged, history


def predict(model: StepTransformer, cohort: Cohort, stays: np.ndarray) -> np.ndarray:
    """Logits [stays, steps]."""
    model.eval()
    with torch.no_grad():
        return np.concatenate([model(torch.from_numpy(cohort.x[part])).numpy() for part in np.array_split(stays, max(1, len(stays) // 256))])


def calibrate(model: StepTransformer, logits: np.ndarray, died: np.ndarray) -> None:
    """Platt scaling over all steps of out-of-fold logits."""
    z = torch.from_numpy(logits.astype(np.float64))
    y = torch.from_numpy(np.repeat(died[:, None], logits.shape[1], 1).astype(np.float64))
    parameters = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([parameters], max_iter=50)

    def closure():
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(parameters[0] * z + parameters[1], y)
        loss.backward()
        return loss

    optimiser.step(closure)
    model.scale.fill_(float(parameters[0]))
    model.offset.fill_(float(parameters[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--smoke", action="store_true", help="one pass, two folds, trees at one hour")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    torch.set_num_threads(2)
    cohort = load_cohort(config)
    count, epochs = (2, 1) if arguments.smoke else (config["folds"], config["training"]["epochs"])
    hours = [cohort.x.shape[1]] if arguments.smoke else TEACHING_HOURS
    fold = folds(cohort.died, count, config["seed"])
    everyone = np.arange(len(cohort.died))
    logits = np.zeros(cohort.x.shape[:2], dtype=np.float32)
    started = time.time()
    for each in range(count):
        train, test = everyone[fold != each], everyone[fold == each]
        print(f"fold {each + 1}/{count}: {len(train)} stays, {time.time() - started:.0f} s", flush=True)
        model, _ = fit(cohort, train, teacher(cohort, train, hours, config["seed"]), config, config["seed"] + each, epochs)
        logits[test] = predict(model, cohort, test)
    print(f"all stays, {time.time() - started:.0f} s", flush=True)
    model, _ = fit(cohort, everyone, teacher(cohort, everyone, hours, config["seed"]), config, config["seed"], epochs)
    calibrate(model, logits, cohort.died)
    runs = Path(config["runs"])
    runs.mkdir(parents=True, exist_ok=True)
    np.savez(runs / "out-of-fold.npz", logits=logits * float(model.scale) + float(model.offset), fold=fold)
    torch.save(model.state_dict(), runs / "model.pt")
    (runs / "run.json").write_text(json.dumps({"config": config, "seconds": round(time.time() - started)}, indent=2))


if __name__ == "__main__":
    main()
