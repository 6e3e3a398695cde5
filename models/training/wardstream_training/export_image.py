"""Writes the imaging model the product serves: `python -m wardstream_training.export_image --config …`."""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch

from .image_model import SIZE
from .train_image import load_graph, load_image_config, load_images

CARD = """# Chest X-ray network {version}

A small convolutional network that looks at one frontal chest radiograph and gives an embedding of {embedding} numbers (each within
−1 to 1) for the risk model, and the probability of pneumonia for the ward page.

- **Intended use**: one input among many of a risk score, and a hint beside the picture. Decision support under evaluation; it does
  not replace reading the picture, and is not a cleared medical device.
- **Data**: PneumoniaMNIST (train split, 4 682 pictures; validation split, 524), CC BY 4.0. Yang et al., "MedMNIST v2", Scientific Data
  2023; from Kermany et al., "Identifying Medical Diagnoses and Treatable Diseases by Image-Based Deep Learning", Cell 2018: chest
  radiographs of children of one to five years at one hospital in Guangzhou. **Adults on an ICU, supine and with lines, are not in it.**
- **Weight for adults**: not known, and to be taken as small. The finding carries "trained on children; weight for adults not known" in page and API.
- **Input**: `pixels` [n, 1, 28, 28], 0 black to 1 white, the largest centred square averaged by area. Each picture is brought to mean 0
  and spread 1 within the graph. **Outputs**: `embedding` [n, {embedding}], `probability` [n], each the mean over the picture and its mirror image.
- **Network**: {parameters:,} parameters, residual, batch normalisation folded by the runtime; {kilobytes} KB as ONNX.
- **Training**: {teachers} networks under strong augmentation (moved, turned, windowed, unevenly exposed, blurred, noisy, partly covered),
  label smoothing, mixup, weights averaged over the steps; then one of the same size taught by their mean under the same
  augmentation. Both classes weigh the same, so the probability is at a prior of one half.

## Figures

Of the validation split, 95 % bootstrap intervals. "Augmented": the same pictures as another hospital might have sent them, ten draws each.
The test split was not used. Others find the validation split easier than the test split, so expect less than the first row.

| | AUROC | accuracy | sensitivity | specificity |
| --- | --- | --- | --- | --- |
{rows}

The probability is calibrated (one temperature) on the augmented pictures, so that it holds under a shift; on the clean validation
split it is cautious: a quarter of its pneumonias stay below one half, and no normal picture is above it.

## Limits

28 × 28 pixels show opacities and shape, not lines, tubes or small pneumothoraces. One finding. Not tested on lateral views, on other
hospitals, or on adults. For better ones configure `encoders.image` (see models/README.md).
"""


def row(name: str, figures: dict) -> str:
    low, high = figures["auroc95"]
    return f"| {name} | {figures['auroc']:.3f} ({low:.3f} to {high:.3f}) | {figures['accuracy']:.3f} | {figures['sensitivity']:.3f} | {figures['specificity']:.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    config = load_image_config(parser.parse_args().config)
    graph = load_graph(config)
    metrics = json.loads((Path(config["runs"]) / "metrics.json").read_text())
    folder = Path(config["output"]) / config["version"]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "model.onnx"
    outputs = ["embedding", "probability"]
    axes = {name: {0: "n"} for name in ["pixels", *outputs]}
    with torch.no_grad():
        torch.onnx.export(graph, (torch.zeros(2, 1, SIZE, SIZE),), str(target), input_names=["pixels"], output_names=outputs, dynamic_axes=axes, opset_version=17, dynamo=False)
    onnx.checker.check_model(str(target))
    pixels, labels = load_images(config, "val")
    chosen = [int(np.flatnonzero(labels.numpy() == label)[number]) for label in (0, 1) for number in range(2)]
    with torch.no_grad():
        embedding, probability = graph(pixels[chosen])
    cases = [
        {"pixels": (pixels[place] * 255).round().int().flatten().tolist(), "embedding": embedding[index].tolist(), "probability": float(probability[index])}
        for index, place in enumerate(chosen)
    ]
    about = "Pictures of PneumoniaMNIST's validation split (CC BY 4.0), 0 to 255, and what PyTorch gives for them."
    (folder / "golden.json").write_text(json.dumps({"about": about, "cases": cases}) + "\n")
    description = {
        "version": config["version"],
        "finding": "pneumonia",
        "caution": "trained on children; weight for adults not known",
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "inputSize": SIZE,
        "embedding": config["model"]["embedding"],
    }
    (folder / "config.json").write_text(json.dumps(description, indent=1) + "\n")
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    rows = "\n".join([row("validation", metrics["student"]), row("validation, augmented", metrics["studentAugmented"]), row("mean of the teachers, validation", metrics["teachers"])])
    (folder / "card.md").write_text(
        CARD.format(
            version=config["version"],
            embedding=config["model"]["embedding"],
            parameters=metrics["parameters"],
            kilobytes=round(target.stat().st_size / 1000),
            teachers=config["training"]["teachers"],
            rows=rows,
        )
    )
    print(folder)


if __name__ == "__main__":
    main()
