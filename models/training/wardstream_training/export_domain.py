"""Adds to an imaging model what tells a frontal chest radiograph: `python -m wardstream_training.export_domain --config …`.

Writes `domain.onnx` and its figures into the folder of `version`, which export_image made before, and names it in config.json.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch

from .image_model import SIZE
from .train_domain import load_domain, scores
from .train_image import load_image_config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    config = load_image_config(parser.parse_args().config)
    graph = load_domain(config)
    figures = json.loads((Path(config["runs"]) / "domain.json").read_text())
    folder = Path(config["output"]) / config["version"]
    target = folder / "domain.onnx"
    axes = {name: {0: "n"} for name in ("pixels", "score")}
    with torch.no_grad():
        torch.onnx.export(graph, (torch.zeros(2, 1, SIZE, SIZE),), str(target), input_names=["pixels"], output_names=["score"], dynamic_axes=axes, opset_version=17, dynamo=False)
    onnx.checker.check_model(str(target))
    golden = json.loads((folder / "golden.json").read_text())
    for case in golden["cases"]:
        pixels = torch.from_numpy(np.array(case["pixels"], dtype=np.float32).reshape(1, 1, SIZE, SIZE) / 255)
        case["score"] = float(scores(graph, pixels)[0])
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
    description = json.loads((folder / "config.json").read_text())
    description["version"] = config["version"]
    description["domain"] = {"sha256": hashlib.sha256(target.read_bytes()).hexdigest(), "inputSize": SIZE, "threshold": figures["threshold"]}
    (folder / "config.json").write_text(json.dumps(description, indent=1) + "\n")
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps({**metrics, "domain": figures}, indent=1) + "\n")
    print(folder)


if __name__ == "__main__":
    main()
