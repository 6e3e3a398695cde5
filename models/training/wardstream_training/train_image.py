"""Trains the chest X-ray network on PneumoniaMNIST: `python -m wardstream_training.train_image --config …`.

Teachers learn under strong augmentation; one student of the same size learns from their mean. Weights are averaged over
the steps (EMA). Figures are of the validation split; the test split is not used.
"""

import argparse
import json
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional

from .image_model import ImageGraph, ImageNet28, augment


def load_image_config(path: str) -> dict:
    config = json.loads(Path(path).read_text())
    base = Path(path).resolve().parent.parent
    for key in ("data", "output", "runs"):
        config[key] = str((base / config[key]).resolve())
    return config


def load_images(config: dict, split: str) -> tuple[Tensor, Tensor]:
    """Pixels [n, 1, 28, 28], 0 to 1, and labels [n] (1: pneumonia) of `train` or `val`."""
    with np.load(config["data"]) as data:
        pixels, labels = data[f"{split}_images"], data[f"{split}_labels"]
    return torch.from_numpy(pixels.astype(np.float32) / 255)[:, None], torch.from_numpy(labels.astype(np.float32)).flatten()


def new_network(config: dict) -> ImageNet28:
    model = config["model"]
    return ImageNet28(model["widths"], model["embedding"], model["dropout"])


def train(config: dict, epochs: int, seed: int, pixels: Tensor, labels: Tensor, teachers: list[ImageNet28]) -> ImageNet28:
    """A network after `epochs` passes, its weights averaged over the steps."""
    options = config["training"]
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    network = new_network(config)
    average = deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=options["learningRate"], weight_decay=options["weightDecay"])
    batches = len(pixels) // options["batch"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options["learningRate"], epochs * batches, pct_start=0.2)
    # Both classes weigh the same: the probability is at a prior of one half.
    share = labels.mean()
    weights = torch.where(labels == 1, 0.5 / share, 0.5 / (1 - share))
    smoothing = options["labelSmoothing"]
    began = time.monotonic()
    for epoch in range(epochs):
        network.train()
        total = 0.0
        for rows in torch.randperm(len(pixels), generator=generator)[: batches * options["batch"]].split(options["batch"]):
            x = augment(pixels[rows], generator)
            target = labels[rows] * (1 - smoothing) + smoothing / 2
            if teachers:
                with torch.no_grad():
                    taught = torch.stack([torch.sigmoid(teacher(x)) for teacher in teachers]).mean(0)
                target = options["teacherWeight"] * taught + (1 - options["teacherWeight"]) * target
            mix = float(torch.distributions.Beta(options["mixup"], options["mixup"]).sample())
            order = torch.randperm(len(rows), generator=generator)
            logits = network(mix * x + (1 - mix) * x[order])
            each = mix * functional.binary_cross_entropy_with_logits(logits, target, reduction="none") * weights[rows]
            other = (1 - mix) * functional.binary_cross_entropy_with_logits(logits, target[order], reduction="none") * weights[rows][order]
            loss = (each + other).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
            follow(average, network, options["emaDecay"])
        print(f"  epoch {epoch + 1}/{epochs}: loss {total / batches:.4f}, {time.monotonic() - began:.0f} s", flush=True)
    return average


def follow(average: ImageNet28, network: ImageNet28, decay: float) -> None:
    with torch.no_grad():
        for mine, theirs in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.mul_(decay).add_(theirs, alpha=1 - decay)
            else:
                mine.copy_(theirs)


def mean_logits(networks: list[ImageNet28], pixels: Tensor) -> Tensor:
    """Mean over networks and mirror images, [n]."""
    with torch.no_grad():
        return torch.stack([(network(pixels) + network(pixels.flip(3))) / 2 for network in networks]).mean(0)


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature with the least loss at equal weight of both classes (Guo et al. 2017)."""
    share = labels.mean()
    weights = torch.where(labels == 1, 0.5 / share, 0.5 / (1 - share))
    candidates = np.geomspace(0.1, 5, 200)
    losses = [float((functional.binary_cross_entropy_with_logits(logits / t, labels, reduction="none") * weights).mean()) for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def figures(logits: Tensor, labels: Tensor, resamples: int, seed: int) -> dict:
    """AUROC with a 95 % bootstrap interval, and accuracy, sensitivity, specificity at one half."""
    score, truth = logits.numpy(), labels.numpy()
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(resamples):
        rows = rng.integers(0, len(truth), len(truth))
        if 0 < truth[rows].mean() < 1:
            draws.append(roc_auc_score(truth[rows], score[rows]))
    said = score > 0
    return {
        "auroc": round(float(roc_auc_score(truth, score)), 4),
        "auroc95": [round(float(each), 4) for each in np.percentile(draws, [2.5, 97.5])],
        "accuracy": round(float((said == truth).mean()), 4),
        "sensitivity": round(float(said[truth == 1].mean()), 4),
        "specificity": round(float((~said[truth == 0]).mean()), 4),
        "images": len(truth),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    config = load_image_config(parser.parse_args().config)
    torch.set_num_threads(1)
    options, seed = config["training"], config["seed"]
    pixels, labels = load_images(config, "train")
    validation, truth = load_images(config, "val")
    # The same pictures as another hospital might send them, ten draws: what is left of the figure under a shift.
    shifted = torch.cat([augment(validation, torch.Generator().manual_seed(seed + draw)) for draw in range(10)])
    runs = Path(config["runs"])
    runs.mkdir(parents=True, exist_ok=True)
    teachers = []
    for number in range(options["teachers"]):
        print(f"teacher {number + 1}", flush=True)
        teachers.append(train(config, options["teacherEpochs"], seed + number, pixels, labels, []))
        torch.save(teachers[-1].state_dict(), runs / f"teacher-{number}.pt")
        print(figures(mean_logits(teachers[-1:], validation), truth, 200, seed), roc_auc_score(truth.repeat(10), mean_logits(teachers[-1:], shifted)), flush=True)
    print("student", flush=True)
    student = train(config, options["epochs"], seed + 100, pixels, labels, teachers)
    logits, shifted_logits = mean_logits([student], validation), mean_logits([student], shifted)
    # Pictures of other hospitals are more like the augmented ones.
    temperature = fit_temperature(shifted_logits, truth.repeat(10))
    report = {
        "split": "PneumoniaMNIST validation",
        "temperature": round(temperature, 4),
        "student": figures(logits, truth, config["bootstrap"], seed),
        "studentAugmented": figures(shifted_logits, truth.repeat(10), config["bootstrap"], seed),
        "teachers": figures(mean_logits(teachers, validation), truth, config["bootstrap"], seed),
        "parameters": sum(parameter.numel() for parameter in student.parameters()),
    }
    torch.save(student.state_dict(), runs / "student.pt")
    (runs / "metrics.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


def load_graph(config: dict) -> ImageGraph:
    """The trained student with its temperature, ready to export."""
    runs = Path(config["runs"])
    network = new_network(config)
    network.load_state_dict(torch.load(runs / "student.pt", weights_only=True))
    return ImageGraph(network.eval(), json.loads((runs / "metrics.json").read_text())["temperature"]).eval()


if __name__ == "__main__":
    main()
