"""What is made as no radiograph must be pictures, the same for a seed, and the shipped check must answer as it was measured."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from wardstream_training.export_domain import HEADING, card_with_section
from wardstream_training.image_model import ImageNet28
from wardstream_training.image_others import KINDS, others
from wardstream_training.train_domain import DomainGraph

FOLDER = sorted((Path(__file__).resolve().parent.parent.parent / "imaging").iterdir())[-1]


@pytest.mark.parametrize("make", dict.fromkeys(KINDS), ids=lambda make: make.__name__)
def test_each_kind_makes_pictures_that_are_not_the_radiographs(make):
    chests = torch.rand(12, 1, 28, 28, generator=torch.Generator().manual_seed(7))
    made = make(chests, torch.Generator().manual_seed(1)).clamp(0, 1)
    assert made.shape == chests.shape
    assert bool(torch.isfinite(made).all())
    assert bool(((made - chests).abs().mean((1, 2, 3)) > 0.01).all())


def test_others_are_the_same_for_a_seed_only():
    chests = torch.rand(64, 1, 28, 28)
    first = others(chests, torch.Generator().manual_seed(1))
    assert first.shape == chests.shape and first.min() >= 0 and first.max() <= 1
    assert torch.equal(first, others(chests, torch.Generator().manual_seed(1)))
    assert not torch.equal(first, others(chests, torch.Generator().manual_seed(2)))


def test_export_equals_torch(tmp_path):
    torch.manual_seed(0)
    network = ImageNet28([4, 8, 8], 5, 0.3)
    network.train()(torch.rand(16, 1, 28, 28))
    graph = DomainGraph(network.eval()).eval()
    pixels = torch.rand(3, 1, 28, 28)
    with torch.no_grad():
        score, mirrored = graph(pixels), graph(pixels.flip(3))
        torch.onnx.export(graph, (pixels,), str(tmp_path / "m.onnx"), input_names=["pixels"], output_names=["score"], opset_version=17, dynamo=False)
    ours = onnxruntime.InferenceSession(str(tmp_path / "m.onnx")).run(None, {"pixels": pixels.numpy()})[0]
    assert np.abs(ours - score.numpy()).max() < 1e-5
    assert torch.allclose(score, mirrored, atol=1e-5)


def test_card_gets_its_section_once_before_its_limits():
    figures = json.loads((FOLDER / "metrics.json").read_text())["domain"]
    once = card_with_section("# Card\n\n## Limits\n\nSome.\n", figures, 0.9)
    assert once == card_with_section(once, figures, 0.9)
    assert once.count(HEADING) == 1
    assert once.endswith("## Limits\n\nSome.\n")


def test_shipped_check_gives_its_golden_scores_and_refuses_what_is_turned():
    session = onnxruntime.InferenceSession(str(FOLDER / "domain.onnx"))
    threshold = json.loads((FOLDER / "config.json").read_text())["domain"]["threshold"]
    for case in json.loads((FOLDER / "golden.json").read_text())["cases"]:
        pixels = np.array(case["pixels"], dtype=np.float32).reshape(28, 28) / 255

        def score(picture):
            return float(session.run(["score"], {"pixels": np.ascontiguousarray(picture)[None, None]})[0][0])

        assert abs(score(pixels) - case["score"]) < 1e-4
        assert score(pixels) >= threshold
        assert max(score(np.rot90(pixels, turns)) for turns in (1, 2, 3)) < threshold
        assert score(1 - pixels) < threshold
