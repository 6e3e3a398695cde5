"""
Writes the model folder the product serves: `python -m wardstream_training.risk.export --config configs/risk.json [--without N --out DIR]`; `--without`
writes the model that did not see a fold, for figures of the whole product on the stays of that fold, whose ids are written beside it.
"""

import argparse
import hashlib
import json
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import torch

from .golden import STEP_MS, golden
from .graph import Finding, Line, RiskEnsemble, RiskStep, Trees, trees_of
from .labels import OUTPUTS
from .stack import Stack, extremes
from .train import Round, attention, open_round, regression, trees

# Floats of a picture's embedding, with the probability of its finding last, and what a sure and new one adds to a logit.
IMAGE = 33
FINDING = {"death": 0.1, "respiratory": 0.2, "deterioration": 0.2}
# What the product calls the outputs.
PUBLIC = {"death": "mortality"}
ABOUT = "sigmoid(logit): probability of death in hospital; of onset within 8 h of circulatory failure, hypotension, respiratory failure, and of hypotension or respiratory failure; of sepsis within 6 h"


def ensemble(of: Round, name: str) -> RiskEnsemble:
    """The model of everyone but a fold, and but for stays kept for the final look."""
    boosters = [trees_of(lightgbm.Booster(model_str=trees(of, output, name))) for output in OUTPUTS]
    network = attention(of, name)
    found = RiskEnsemble(of.columns, of.inputs, network, Trees(boosters), Line(regression(of, name), OUTPUTS.index("death"), len(OUTPUTS)), extremes(of), Finding([FINDING.get(each, 0.0) for each in OUTPUTS]), of.rows.names.index("time.elapsed"), len(OUTPUTS))
    for place, output in enumerate(OUTPUTS):
        found.set_stack(place, Stack(of, output).fitted(of.excluded(name)))
    return found.eval()


def with_pictures(rows: np.ndarray) -> np.ndarray:
    """Rows as the product writes them: without a picture, but for the last, whose finding is sure and half an hour old."""
    image = np.zeros((len(rows), IMAGE + 2), np.float32)
    image[-1, -3:] = [0.95, np.log1p(0.5) / 4, 1]
    return np.concatenate([rows, image], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--without", type=int)
    parser.add_argument("--out", type=Path, help="where the version's folder goes; the product's models by default")
    arguments = parser.parse_args()
    of = open_round(arguments.config)
    name = "all" if arguments.without is None else f"fold-{arguments.without}"
    version = of.config["version"] if name == "all" else f"{of.config['version']}-{name}"
    graph = RiskStep(ensemble(of, name)).eval()
    network = graph.ensemble.attention
    modalities, slots, width, features = len(network.embed), network.steps, network.cache_width, len(of.rows.names) + IMAGE + 2
    folder = ((arguments.out or of.base / of.config["output"]) / version).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    cache = torch.zeros(2, modalities, slots, width)
    example = (torch.zeros(2, features), cache, cache, torch.full((2, slots), slots, dtype=torch.int32))
    names = ["x", "k", "v", "age"], ["logit", "newK", "newV"]
    axes = {name: {0: "batch"} for name in [*names[0], *names[1]]}
    target, on_cpu = folder / "model.onnx", folder / "model.cpu.onnx"
    stay = np.flatnonzero(of.sequences.count >= 4)[0]
    examples = with_pictures(of.rows.x(of.sequences.ends[of.sequences.first[stay] : of.sequences.first[stay] + 4]))
    with torch.no_grad():
        cases = golden(graph, examples, modalities, slots, width)
        for file, graph.ensemble.trees.as_operator in ((target, False), (on_cpu, True)):
            torch.onnx.export(
                graph, example, str(file), input_names=names[0], output_names=names[1], dynamic_axes=axes, opset_version=17, dynamo=False,
                custom_opsets={"ai.onnx.ml": 3} if graph.ensemble.trees.as_operator else None,
            )
            onnx.checker.check_model(str(file))
        graph.ensemble.trees.as_operator = False
    description = {
        "version": version,
        "channel": of.config.get("channel", "stable"),
        "output": ABOUT,
        "outputs": [PUBLIC.get(each, each) for each in OUTPUTS],
        "steps": slots,
        "stepMs": STEP_MS,
        "layers": modalities,
        "width": width,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "cpu": {"file": on_cpu.name, "sha256": hashlib.sha256(on_cpu.read_bytes()).hexdigest()},
        "featureNames": [*of.rows.names, *(f"image.{each}" for each in range(IMAGE)), "image.age", "image.seen"],
        "encoder": of.rows.about["encoder"] | {"modalities": {"image": {"size": IMAGE, "encoder": of.config["imageEncoder"], "optional": True}}},
    }
    (folder / "config.json").write_text(json.dumps(description, indent=1) + "\n")
    (folder / "golden.json").write_text(json.dumps(cases) + "\n")
    if arguments.without is not None:
        ids = [each["id"] for each, fold in zip(of.rows.stays, of.split.fold) if fold == arguments.without]
        (folder / "unseen.json").write_text(json.dumps(ids) + "\n")
    print(folder)


if __name__ == "__main__":
    main()
