"""Writes the model folder the product serves: `python -m wardstream_training.export --config …`."""

import argparse
import hashlib
import json
from pathlib import Path

import onnx
import torch

from .card import card
from .data import OUTPUTS, load_config
from .fused import export_fused
from .model import StepGraph
from .risk.golden import STEP_MS, golden
from .train import Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--fused", action="store_true", help="with the fusion of notes and images that `fuse` trained, as a version of its own")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    if arguments.fused:
        export_fused(config)
        return
    run = Run(config)
    cohort, runs = run.cohort, run.folder
    _, slots, features = cohort.x.shape
    examples = cohort.x[0, :4]
    ensemble = run.ensemble("all")
    ensemble.load_state_dict(torch.load(runs / "model.pt", weights_only=True))
    options = config["model"]
    layers, width = config["members"] * options["layers"], options["cacheHeads"] * options["headWidth"]
    graph = StepGraph(ensemble).eval()
    folder = Path(config["output"]) / config["version"]
    folder.mkdir(parents=True, exist_ok=True)
    example = (torch.zeros(2, features), torch.zeros(2, layers, slots, width), torch.zeros(2, layers, slots, width), torch.full((2, slots), slots, dtype=torch.int32))
    names = ["x", "k", "v", "age"], ["logit", "newK", "newV"]
    axes = {name: {0: "batch"} for name in [*names[0], *names[1]]}
    target = folder / "model.onnx"
    with torch.no_grad():
        torch.onnx.export(graph, example, str(target), input_names=names[0], output_names=names[1], dynamic_axes=axes, opset_version=17, dynamo=False)
        cases = golden(graph, examples, layers, slots, width)
    onnx.checker.check_model(str(target))
    metrics = json.loads((runs / "metrics.json").read_text()) if (runs / "metrics.json").exists() else None
    description = {
        "version": config["version"],
        "channel": config.get("channel", "stable"),
        "output": "sigmoid(logit): probability of death in hospital, and of onset within 8 h of circulatory failure, respiratory failure, either",
        "outputs": OUTPUTS,
        "steps": slots,
        "stepMs": STEP_MS,
        "layers": layers,
        "width": width,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "featureNames": cohort.names,
        "encoder": cohort.description["encoder"],
    }
    (folder / "config.json").write_text(json.dumps(description, indent=1) + "\n")
    (folder / "golden.json").write_text(json.dumps(cases) + "\n")
    if metrics is not None:
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
        (folder / "card.md").write_text(card(config, metrics, False))
    print(folder)


if __name__ == "__main__":
    main()
