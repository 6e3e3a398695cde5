"""
Pretrains the encoder without labels: `python -m wardstream_training.pretrain --config configs/deterioration.json`. It sees rows
with whole variables taken out and forecasts the next step's means of all of them. Writes pretrained.pt, from which `train`
begins where its configuration says `pretrained`.
"""

import argparse
import copy

import numpy as np
import torch

from .data import drop_shares, drop_variables, load_config, next_means
from .train import Run, new_model, optimise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--smoke", action="store_true", help="one pass")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(config["seed"])
    rng = np.random.default_rng(config["seed"])
    run = Run(config)
    cohort, options = run.cohort, config["training"]
    shares = drop_shares(cohort, config["pretraining"]["variableDropout"], {})
    model = new_model(cohort, config)
    averaged = copy.deepcopy(model).eval()

    def loss_of(chosen: np.ndarray) -> torch.Tensor:
        rows = cohort.x[chosen]
        values, seen = (torch.from_numpy(each) for each in next_means(cohort, rows))
        _, forecast = model(torch.from_numpy(drop_variables(cohort, rows, shares, rng)))
        return ((forecast[:, :-1] - values) ** 2 * seen).sum() / seen.sum().clamp(min=1)

    optimise(model, averaged, np.arange(len(run.fold)), 1 if arguments.smoke else config["pretraining"]["epochs"], options, rng, loss_of)
    torch.save(averaged.state_dict(), run.folder / "pretrained.pt")


if __name__ == "__main__":
    main()
