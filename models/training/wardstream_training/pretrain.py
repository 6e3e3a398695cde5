"""
Pretrains the transformers without labels: `python -m wardstream_training.pretrain --config configs/deterioration.json`. One sees rows
in which some variables were taken out, for the whole stay or for some hours, and learns to tell the values of those hours (masked
reconstruction, after Devlin et al. 2019 and, of irregular series, Tipirneni & Reddy 2022), the next step's values, and what will have been charted
`LATER` hours on. Writes pretrained-N.pt of each member, from which `train` begins where its configuration says `pretrained`.
"""

import argparse
import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .data import COUNT, LAST, Cohort, drop_shares, drop_variables, hide_hours, load_config, means, of_variables
from .model import StepTransformer
from .train import Run, new_model, optimise

LATER = 8


class Pretraining(nn.Module):
    """A transformer with the heads that only pretraining needs."""

    def __init__(self, transformer: StepTransformer, variables: int):
        super().__init__()
        width = transformer.head.in_features
        self.transformer = transformer
        self.rebuild = nn.Linear(width, variables)
        self.later = nn.Linear(width, variables)
        self.charted = nn.Linear(width, variables)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """
        x [B, S, F] -> of each step the means of its own hour and of the next, the values `LATER` hours on, and the logits of whether any will
        have been charted by then; [B, S, variables] each.
        """
        h = self.transformer.encode(x)
        return self.rebuild(h), self.transformer.forecast(h), self.later(h), self.charted(h)


def loss_of(model: Pretraining, cohort: Cohort, rows: np.ndarray, options: dict, rng: np.random.Generator) -> Tensor:
    """Of whole rows [B, S, F]. Errors count where there was a value to tell."""
    hidden = hide_hours(cohort, rows, rng, **options["hide"])
    given = drop_variables(cohort, hidden.rows, drop_shares(cohort, options["variableDropout"], {}), rng)
    rebuilt, forecast, later, charted = model(torch.from_numpy(given))
    values, seen = (torch.from_numpy(each) for each in means(cohort, rows))
    loss = squares(rebuilt, values, seen * torch.from_numpy(hidden.at)) + squares(forecast[:, :-1], values[:, 1:], seen[:, 1:])
    counts = np.cumsum(of_variables(cohort, rows, COUNT) > 0, 1)
    anew = torch.from_numpy((counts[:, LATER:] > counts[:, :-LATER]).astype(np.float32))
    last = torch.from_numpy(of_variables(cohort, rows, LAST)[:, LATER:])
    of_later = squares(later[:, :-LATER], last, anew) + F.binary_cross_entropy_with_logits(charted[:, :-LATER], anew)
    return loss + options["laterWeight"] * of_later


def squares(said: Tensor, values: Tensor, counts: Tensor) -> Tensor:
    """Mean square of the errors that count."""
    return ((said - values) ** 2 * counts).sum() / counts.sum().clamp(min=1)


def pretrain(run: Run, seed: int, passes: int) -> StepTransformer:
    """Learns from all stays, none of whose outcomes it sees."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    cohort, options = run.cohort, run.config["pretraining"]
    model = Pretraining(new_model(cohort, run.config), cohort.variables)
    averaged = copy.deepcopy(model).eval()
    every = np.arange(len(run.fold))
    optimise(model, averaged, every, passes, run.config["training"], rng, lambda chosen: loss_of(model, cohort, cohort.x[chosen], options, rng))
    return averaged.transformer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--smoke", action="store_true", help="one pass")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--members", type=int, nargs="*", help="numbers of the members to pretrain, from 0")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    torch.set_num_threads(arguments.threads)
    run = Run(config)
    for number in arguments.members or range(config["members"]):
        run.say(f"member {number + 1} of {config['members']}")
        transformer = pretrain(run, config["seed"] + 100 * number, 1 if arguments.smoke else config["pretraining"]["epochs"])
        torch.save(transformer.state_dict(), run.pretrained(number))


if __name__ == "__main__":
    main()
