"""Trains what tells a frontal chest radiograph from other pictures: `python -m wardstream_training.train_domain --config …`.

Radiographs of PneumoniaMNIST's train split, half of them as another device might have sent them, against as many made pictures
(`image_others`). The threshold is the score that `accepted` of the validation split reaches when it is sent as by another device.
"""

import argparse
import json
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .image_model import ImageNet28, augment
from .image_others import KINDS, others
from .train_image import follow, load_image_config, load_images, new_network


class DomainGraph(nn.Module):
    """What is exported: pixels [n, 1, 28, 28] to score [n], the mean over the picture and its mirror image; more is likelier a chest."""

    def __init__(self, network: ImageNet28):
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        return (self.network(pixels) + self.network(pixels.flip(3))) / 2


def train(config: dict, chests: Tensor) -> ImageNet28:
    """A network after all epochs, its weights averaged over the steps; it is kept after every epoch."""
    options, seed = config["training"], config["seed"]
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    network = new_network(config).train()
    average = deepcopy(network).eval()
    batch = options["batch"]
    steps = len(chests) // batch
    optimiser = torch.optim.AdamW(network.parameters(), lr=options["learningRate"], weight_decay=options["weightDecay"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options["learningRate"], options["epochs"] * steps, pct_start=0.2)
    target = torch.cat([torch.ones(batch), torch.zeros(batch)]) * (1 - options["labelSmoothing"]) + options["labelSmoothing"] / 2
    began = time.monotonic()
    for epoch in range(options["epochs"]):
        total = 0.0
        for rows in torch.randperm(len(chests), generator=random)[: steps * batch].split(batch):
            chest = chests[rows]
            plain = (torch.rand(batch, generator=random) < options["plainShare"])[:, None, None, None]
            chest = torch.where(plain, chest, augment(chest, random))
            other = others(chests[torch.randint(0, len(chests), (batch,), generator=random)], random)
            loss = functional.binary_cross_entropy_with_logits(network(torch.cat([chest, other])), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            follow(average, network, options["emaDecay"])
            total += float(loss.detach())
        torch.save(average.state_dict(), Path(config["runs"]) / "domain.pt")
        print(f"epoch {epoch + 1}/{options['epochs']}: loss {total / steps:.4f}, {time.monotonic() - began:.0f} s", flush=True)
    return average


def scores(graph: DomainGraph, pictures: Tensor) -> np.ndarray:
    with torch.no_grad():
        return graph(pictures).numpy()


def share(values: np.ndarray, threshold: float) -> float:
    return round(float((values >= threshold).mean()), 4)


def measure(config: dict, graph: DomainGraph, chests: Tensor, labels: Tensor) -> dict:
    """Shares that are accepted: of the validation split, of it as another device might have sent it, and of what is made of it."""
    random = torch.Generator().manual_seed(config["seed"] + 1)
    sent = scores(graph, torch.cat([augment(chests, random) for _ in range(3)]))
    threshold = round(float(np.quantile(sent, 1 - config["accepted"])), 4)
    plain, pneumonia = scores(graph, chests), labels.numpy() == 1
    made = {make.__name__: share(scores(graph, torch.cat([make(chests, random) for _ in range(2)]).clamp(0, 1)), threshold) for make in dict.fromkeys(KINDS)}
    return {
        "threshold": threshold,
        "validation": share(plain, threshold),
        "validationPneumonia": share(plain[pneumonia], threshold),
        "validationMirrored": share(scores(graph, chests.flip(3)), threshold),
        "validationAugmented": share(sent, threshold),
        "made": made,
        "parameters": sum(parameter.numel() for parameter in graph.parameters()),
    }


def load_domain(config: dict) -> DomainGraph:
    network = new_network(config)
    network.load_state_dict(torch.load(Path(config["runs"]) / "domain.pt", weights_only=True))
    return DomainGraph(network.eval()).eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    config = load_image_config(parser.parse_args().config)
    torch.set_num_threads(1)
    Path(config["runs"]).mkdir(parents=True, exist_ok=True)
    train(config, load_images(config, "train")[0])
    report = measure(config, load_domain(config), *load_images(config, "val"))
    (Path(config["runs"]) / "domain.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
