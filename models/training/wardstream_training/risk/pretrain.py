"""
What pretraining is worth: `python -m wardstream_training.risk.pretrain --config configs/risk.json --folds 0 1 2`. A network learns, on all stays of all cohorts but those of a fold, what the
next hour's new values will be (no labels), and is then fitted as `train` does. Writes pretraining.json, with the network of `train` on the same stays beside it.
"""

import argparse
import json

import numpy as np
import torch
from torch import Tensor, nn

from .attention import MonotoneAttention
from .evaluate import Figures
from .labels import OUTPUTS
from .sequences import columns_of_groups, drawn_missing, optimiser_of, windows
from .train import Round, fitted_attention, joined, logits_left_out, new_network, open_round, out_of_fold_attention

# A value is new where its age, log1p(hours) / 4, is below an hour's.
NEW = float(np.log1p(1.0) / 4)


class Forecast(nn.Module):
    """A network with a head that tells the next hour's newest values."""

    def __init__(self, network: MonotoneAttention, width: int, context: int, told: int):
        super().__init__()
        self.network = network
        self.head = nn.Linear(width + context, told)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        context, said, past = self.network.over(x, known)
        return self.head(torch.cat([self.network.meet(context, said, past), context], -1))


def told_columns(names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Columns of newest values, and that of the age of each. Shapes [told]."""
    of = [(place, f"{name.split('.')[0]}.age") for place, name in enumerate(names) if ".last" in name and not name.startswith("derived.") and not name.endswith(":beyond")]
    of = [(place, names.index(age)) for place, age in of if age in names]
    return np.array([place for place, _ in of]), np.array([age for _, age in of])


def pretrained(of: Round, name: str, passes: int) -> dict:
    """Weights after so many passes over all stays that `name` may see."""

    def make() -> dict:
        options, rng = of.config["attention"], np.random.default_rng(of.config["seed"])
        torch.manual_seed(of.config["seed"])
        network = new_network(of)
        values, ages = told_columns(of.columns.names)
        model = Forecast(network, options["model"]["width"], options["model"]["context"], len(values))
        stays = np.flatnonzero(of.trains(name) & (of.sequences.count > 1))
        optimiser = optimiser_of(model, options)
        batches = -(-len(stays) // options["batch"])
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options["learningRate"], total_steps=passes * batches + 1, pct_start=0.15)
        tables = columns_of_groups(of.columns, of.ids)
        for each in range(passes):
            order, total = rng.permutation(stays), 0.0
            for begin in range(0, len(order), options["batch"]):
                chosen = order[begin : begin + options["batch"]]
                starts = rng.integers(0, np.maximum(0, of.sequences.count[chosen] - options["steps"]) + 1)
                x, _ = windows(of.sequences, chosen, starts, options["steps"])
                wanted, is_new = x[:, 1:, values], x[:, 1:, ages] < NEW
                counts = torch.from_numpy((is_new & ~np.isnan(wanted)).astype(np.float32))
                wanted = torch.from_numpy(np.nan_to_num(wanted))
                gone = drawn_missing(tables, options["variableDropout"], options["groupDropout"], rng, len(chosen))
                x = np.where(gone[:, None], of.columns.fills, x)
                known = torch.from_numpy((~np.isnan(x[..., of.inputs.known])).astype(np.float32))
                said = model(torch.from_numpy(np.nan_to_num(x)), known)[:, :-1]
                loss = ((said - wanted) ** 2 * counts).sum() / counts.sum().clamp(min=1)
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
                schedule.step()
                total += loss.item()
            of.say(f"    pass {each + 1}/{passes} mean square {total / batches:.4f}")
        return network.state_dict()

    return of.once(f"pretrained-{name}", make)


def fitted_from(of: Round, name: str, passes: int) -> np.ndarray:
    """Logits [ends, outputs] of the fold left out, NaN of others."""

    make = lambda: logits_left_out(of, name, fitted_attention(of, name, pretrained(of, name, passes)))
    return of.once(f"logits-pretrained-{name}", make)


def figures(of: Round, folds: list[int], passes: int) -> dict:
    pretrained_logits = joined([fitted_from(of, f"fold-{fold}", passes) for fold in folds])
    plain, found = out_of_fold_attention(of), Figures(of)
    result: dict = {"folds": folds, "passes": passes}
    for place, output in enumerate(OUTPUTS):
        labels = found.labels(output)
        for hour in of.config["hours"] if output == "death" else [None]:
            here = found.at(hour) if hour else np.arange(len(labels))
            at = here[np.isin(found.fold[here], folds) & ~np.isnan(labels[here])]
            scores = {"plain": plain[found.among][at, place], "pretrained": pretrained_logits[found.among][at, place]}
            result[f"{output} {hour or ''}".strip()] = found.estimates(labels[at], scores, found.stay[at], ("plain",))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--folds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--passes", type=int, default=6)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    of = open_round(arguments.config)
    result = figures(of, arguments.folds, arguments.passes)
    (of.folder / "pretraining.json").write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
