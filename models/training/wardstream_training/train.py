"""
Trains: `python -m wardstream_training.train --config configs/deterioration.json [--smoke] [--part teachers|simple|onset|members]`.
What is in the run's folder already is not trained again, so that a run can be continued or its parts run side by side.
"""

import argparse
import copy
import json
import pickle
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch.nn import functional as F

from .baselines import (
    ONSET_HOURS, POOLED_HOURS, at_every_step, hindsight, knots, linear_knots, pooled_trees,
)
from .data import ENDPOINTS, OUTPUTS, Cohort, drop_shares, drop_variables, folds, load_cohort, load_config, means, onset_labels, summary_columns
from .model import BoostedTrees, Ensemble, LinearKnots, StepTransformer


def step_weights(steps: int) -> torch.Tensor:
    """Later hours know more and count more: from 0.5 at the first to 1.5 at the last. Shape [steps]."""
    return torch.linspace(0.5, 1.5, steps)


def new_model(cohort: Cohort, config: dict) -> StepTransformer:
    _, steps, features = cohort.x.shape
    return StepTransformer(features, steps, cohort.variables, len(OUTPUTS), **config["model"])


class Run:
    """A cohort with its folds, and what has been fitted so far."""

    def __init__(self, config: dict):
        self.config = config
        self.cohort = load_cohort(config)
        self.folder = Path(config["runs"])
        self.folder.mkdir(parents=True, exist_ok=True)
        self.fold = folds(self.cohort.died, config["folds"], config["seed"])
        self.labels = {"mortality": at_every_step(self.cohort, self.cohort.died)} | {name: onset_labels(self.cohort, name) for name in ENDPOINTS}
        self.started = time.time()

    def say(self, what: str) -> None:
        print(f"{time.time() - self.started:6.0f} s  {what}", flush=True)

    def names(self) -> list[str]:
        """The models to train: one without each fold, and one on everyone."""
        return [*(f"fold-{each}" for each in range(self.config["folds"])), "all"]

    def without(self, name: str) -> tuple[int, ...]:
        return () if name == "all" else (int(name.split("-")[1]),)

    def train_of(self, excluded: tuple[int, ...]) -> np.ndarray:
        return np.flatnonzero(~np.isin(self.fold, excluded))

    def once(self, name: str, make):
        """What `make` gave, when it was first asked for in this run."""
        file = self.folder / f"{name}.pkl"
        if not file.exists():
            keep(file, make())
            self.say(file.name)
        return pickle.loads(file.read_bytes())

    def teacher(self, excluded: tuple[int, ...]) -> np.ndarray:
        """How ill everyone was in hindsight of the whole window, 0 to 1, by models fitted without some folds. Shape [stays]."""
        return self.once(
            f"teacher-{'-'.join(map(str, excluded))}",
            lambda: hindsight(self.cohort, self.train_of(excluded), self.cohort.illness, self.config["seed"]),
        )

    def taught(self, name: str) -> np.ndarray:
        """
        What the mortality models learn at every hour, 0 to 1: how the stay ended, and how ill the patient was in hindsight of
        the whole window (privileged information, Lopez-Paz et al. 2016), by a teacher that saw neither the stay's fold nor the
        one left out. NaN in the fold left out. Shape [stays].
        """
        excluded, weight = self.without(name), self.config["teacherWeight"]
        target = np.full(len(self.fold), np.nan)
        for each in sorted(set(range(self.config["folds"])) - set(excluded)):
            members = self.fold == each
            soft = self.teacher(tuple(sorted((*excluded, each))))[members]
            target[members] = (1 - weight) * self.cohort.illness[members] + weight * soft
        return target

    def simple(self, name: str) -> dict:
        """Trees of mortality, two sets that learn how the stay ended, and linear models that are taught, later on less than at first."""

        def make() -> dict:
            train, options, seed = self.train_of(self.without(name)), self.config["trees"], self.config["seed"]
            ended = at_every_step(self.cohort, self.cohort.illness)
            trees = [pooled_trees(self.cohort, train, ended, POOLED_HOURS, options, seed + each) for each in range(2)]
            return {"trees": trees, "linear": linear_knots(self.cohort, train, self.taught(name), **self.config["linear"])}

        return self.once(f"simple-{name}", make)

    def onset(self, output: str, name: str) -> HistGradientBoostingClassifier:
        """Trees of one endpoint's onset."""
        options, seed = self.config["trees"], self.config["seed"]
        return self.once(
            f"onset-{output}-{name}",
            lambda: pooled_trees(self.cohort, self.train_of(self.without(name)), self.labels[output], ONSET_HOURS, options, seed),
        )

    def pretrained(self, number: int) -> Path:
        return self.folder / f"pretrained-{number}.pt"

    def member(self, name: str, number: int) -> StepTransformer:
        file = self.folder / f"member-{name}-{number}.pt"
        if not file.exists():
            self.say(f"{name}, member {number + 1} of {self.config['members']}")
            seed = self.config["seed"] + 100 * number + self.names().index(name)
            start = torch.load(self.pretrained(number), weights_only=True) if self.config["training"]["pretrained"] else None
            model = fit(self, self.train_of(self.without(name)), self.taught(name), seed, start)
            torch.save(model.state_dict(), file)
        model = new_model(self.cohort, self.config)
        model.load_state_dict(torch.load(file, weights_only=True))
        return model.eval()

    def ensemble(self, name: str) -> Ensemble:
        """Not stacked yet."""
        simple = self.simple(name)
        trees = [simple["trees"], *([self.onset(output, name)] for output in ENDPOINTS)]
        members = [self.member(name, number) for number in range(self.config["members"])]
        return Ensemble(members, [BoostedTrees.of(*each) for each in trees], linear_module(self.cohort, simple["linear"])).eval()


def keep(file: Path, value) -> None:
    """Written whole or not at all, since parts of a run may go side by side."""
    part = file.with_suffix(".part")
    part.write_bytes(pickle.dumps(value))
    part.rename(file)


def linear_module(cohort: Cohort, fitted: tuple[np.ndarray, np.ndarray]) -> LinearKnots:
    places = np.array(knots(cohort)) / cohort.x.shape[1]
    return LinearKnots.of(summary_columns(cohort), cohort.names.index("time.elapsed"), places, *fitted)


def fit(run: Run, train: np.ndarray, target: np.ndarray, seed: int, start: dict | None = None) -> StepTransformer:
    """
    Trains one member on the stays `train` to say their `target` [stays], 0 to 1, at every step; onset of the endpoints and
    the next step's values are learnt beside it. It begins with the weights `start`, where given. Returns its averaged weights.
    """
    cohort, options = run.cohort, run.config["training"]
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = new_model(cohort, run.config)
    if start is not None:
        model.load_state_dict(start)
    averaged = copy.deepcopy(model).eval()
    steps = cohort.x.shape[1]
    target = at_every_step(cohort, target)
    onset = np.stack([run.labels[name] for name in ENDPOINTS], 2)
    shares = drop_shares(cohort, options["variableDropout"], options["variableDropoutOf"])
    weights = step_weights(steps)

    def loss_of(chosen: np.ndarray) -> torch.Tensor:
        rows = cohort.x[chosen]
        values, seen = (torch.from_numpy(each[:, 1:]) for each in means(cohort, rows))
        x = torch.from_numpy(drop_variables(cohort, rows, shares, rng))
        y = torch.from_numpy(target[chosen].astype(np.float32))
        known = torch.from_numpy((~np.isnan(onset[chosen])).astype(np.float32))
        z = torch.from_numpy(np.nan_to_num(onset[chosen]))
        mix = float(rng.beta(options["mixup"], options["mixup"]))
        other = torch.from_numpy(rng.permutation(len(chosen)))
        mixed = lambda each: mix * each + (1 - mix) * each[other]
        logits, forecast = model(mixed(x))
        loss = (F.binary_cross_entropy_with_logits(logits[..., 0], mixed(y), reduction="none") * weights).mean()
        seen = seen * seen[other]
        loss = loss + options["forecastWeight"] * ((forecast[:, :-1] - mixed(values)) ** 2 * seen).sum() / seen.sum().clamp(min=1)
        known = known * known[other]
        of_onset = F.binary_cross_entropy_with_logits(logits[..., 1:], mixed(z), reduction="none") * known
        return loss + options["onsetWeight"] * of_onset.sum() / known.sum().clamp(min=1) * len(ENDPOINTS)

    optimise(model, averaged, train, options["epochs"], options, rng, loss_of)
    return averaged


def descend(
    model: torch.nn.Module, loss: torch.Tensor, optimiser: torch.optim.Optimizer, schedule: torch.optim.lr_scheduler.LRScheduler
) -> float:
    """One step down the gradient, clipped to length 1, and one along the schedule. Gives the loss."""
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    schedule.step()
    return loss.item()


def optimise(model, averaged, train: np.ndarray, epochs: int, options: dict, rng, loss_of) -> None:
    """AdamW under one cycle of the learning rate; `averaged` follows the weights."""
    decay = [p for name, p in model.named_parameters() if p.ndim > 1 and "bias" not in name]
    rest = [p for name, p in model.named_parameters() if not (p.ndim > 1 and "bias" not in name)]
    groups = [{"params": decay, "weight_decay": options["weightDecay"]}, {"params": rest, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=options["learningRate"])
    batches = -(-len(train) // options["batch"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options["learningRate"], total_steps=max(1, epochs) * batches, pct_start=0.15)
    for epoch in range(epochs):
        model.train()
        order = rng.permutation(len(train))
        total = 0.0
        for start in range(0, len(order), options["batch"]):
            total += descend(model, loss_of(train[order[start : start + options["batch"]]]), optimiser, schedule)
            with torch.no_grad():
                for slow, fast in zip(averaged.parameters(), model.parameters()):
                    slow.lerp_(fast, 1 - options["emaDecay"])
        print(f"  pass {epoch + 1}/{epochs} loss {total / batches:.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--smoke", action="store_true", help="one pass, three folds, three trees")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--part", choices=["teachers", "simple", "onset", "members"])
    parser.add_argument("--members", type=int, nargs="*", help="numbers of the members to train, from 0")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    if arguments.smoke:
        config |= {"folds": 3}
        config["training"] |= {"epochs": 1}
        config["trees"] |= {"iterations": 3}
    torch.set_num_threads(arguments.threads)
    run = Run(config)
    part = arguments.part
    for name in run.names():
        if part in (None, "teachers"):
            run.taught(name)
        if part in (None, "simple"):
            run.simple(name)
        if part in (None, "onset"):
            for output in ENDPOINTS:
                run.onset(output, name)
    if part in (None, "members"):
        for number in arguments.members or range(config["members"]):
            for name in run.names():
                run.member(name, number)
    if part is not None:
        return
    from .stack import finish

    finish(run)


if __name__ == "__main__":
    main()
