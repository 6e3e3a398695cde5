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

LIMITS = "## Limits"
HEADING = "## What counts as a frontal chest radiograph"
SECTION = HEADING + """

The network answers whatever it is shown: of a leg it said pneumonia 0.76, of a black square 0.98. So `domain.onnx` looks first: `pixels`
[n, 1, 28, 28] to `score` [n], the mean over the picture and its mirror image. A picture that scores less than {threshold:.2f} is kept as an event with the
reason, and gets neither finding nor embedding. The same check serves a network that is configured.

- **Network**: {parameters:,} parameters, the same shape as the other, trained on the train split (six in ten pictures as another device might have sent
  them) against as many made ones. Made from radiographs: turned by 90, 180, 270 degrees or across a diagonal, tilted by 50 degrees and more, negative,
  a part of one, one far away, shuffled, with the phases of its waves scrambled, half of one. Drawn: limbs, slices, shapes, landscapes, waves, noise of
  every slope, flat grey. No real picture of anything else was trained on.
- **Threshold**: the score that {share:.0f} % of the validation split reach when sent as by another device (moved, turned by some degrees, windowed, noisy,
  partly covered; three draws each). It was chosen after the adults had been looked at: 98 % of the clean split as a threshold (3.67) refuses one of the three.

| pictures | accepted |
| --- | --- |
| validation split | {validation:.1%} |
| its pneumonias | {validationPneumonia:.1%} |
| the same mirrored, as if sent by mistake | {validationMirrored:.1%} |
| the same as another device might have sent them | {validationAugmented:.1%} |
{made}
{measured}

"Adults": three pictures of ChestX-ray14 (Wang et al., CVPR 2017). The rows below the made ones are `npm run -s bench -- image-domain`, but for the last two and the leg's (`test/encoders`).

**What was tried before.** Distance from the training pictures (Mahalanobis, covariance after Ledoit and Wolf 2004, threshold at 98 % of the validation
split) in the embedding accepts 95 % of radiographs upside down, 91 % of negatives and 63 % of other pictures: it is saturated. In the 128 pooled
features before it: 72 %, 8 % and 4 %. In 8 to 64 principal components of the pixels: 15 to 62 % upside down, and it refuses radiographs of adults.

**What it does not know**: lateral views, abdomens and other parts without a header, since no such picture was at hand; white lungs of adults, or a chest
half outside the picture, may be refused. Who sends DICOM says view and body part, and is asked first.

"""
# Of `npm run -s bench -- image-domain`, on the pictures it names.
MEASURED = """| radiographs of adults | 3 of 3 |
| the same, mirrored | 3 of 3 |
| the same, turned by 90, 180 and 270 degrees | 0 of 9 |
| the same, negative | 0 of 3 |
| drawn: flat, gradients, stripes, rings, bones, noise | 0 of 53 |
| phantoms of the simulated ward | 60 of 60 |
| DICOM files of pydicom: one chest, a leg, CT, MR, NM, test pictures, report, ECG | 1 of 15, the chest |
| the leg by its pixels alone, in four windows | 0 of 4 |
| CT, MR, ultrasound, dose and test pictures of pydicom by their pixels alone | 0 of 31 |
| PNG and JPEG files of scikit-image, Go, Rust, an icon theme and others: photographs, plots, icons, screens | 0 of 295 |"""


def card_with_section(card: str, figures: dict, accepted: float) -> str:
    """A card with the section on the check before its limits, in place of an earlier one."""
    rows = "\n".join(f"| validation, {name.replace('_', ' ')} | {value:.1%} |" for name, value in figures["made"].items())
    section = SECTION.format(**{**figures, "made": rows, "measured": MEASURED, "share": 100 * accepted})
    before = card.split(HEADING if HEADING in card else LIMITS)[0]
    return before + section + LIMITS + card.split(LIMITS)[1]


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
    card = folder / "card.md"
    card.write_text(card_with_section(card.read_text(), figures, config["accepted"]))
    print(folder)


if __name__ == "__main__":
    main()
