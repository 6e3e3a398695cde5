"""The exported imaging graph must be the network it was trained as, and augmentation must keep pictures pictures."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from wardstream_training.image_model import ImageGraph, ImageNet28, augment

IMAGING = Path(__file__).resolve().parent.parent.parent / "imaging"


def test_export_equals_torch(tmp_path):
    torch.manual_seed(0)
    network = ImageNet28([4, 8, 8], 5, 0.3)
    network.train()(torch.rand(16, 1, 28, 28))  # running statistics that are not the initial ones
    graph = ImageGraph(network.eval(), 0.7).eval()
    pixels = torch.rand(3, 1, 28, 28)
    with torch.no_grad():
        embedding, probability = graph(pixels)
        mirrored, _ = graph(pixels.flip(3))
        torch.onnx.export(graph, (pixels,), str(tmp_path / "m.onnx"), input_names=["pixels"], output_names=["embedding", "probability"], opset_version=17, dynamo=False)
    ours = onnxruntime.InferenceSession(str(tmp_path / "m.onnx")).run(None, {"pixels": pixels.numpy()})
    assert np.abs(ours[0] - embedding.numpy()).max() < 1e-5
    assert np.abs(ours[1] - probability.numpy()).max() < 1e-5
    assert torch.allclose(embedding, mirrored, atol=1e-6)


def test_shipped_graph_gives_its_golden_outputs():
    folder = sorted(IMAGING.iterdir())[-1]
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    for case in json.loads((folder / "golden.json").read_text())["cases"]:
        pixels = np.array(case["pixels"], dtype=np.float32).reshape(1, 1, 28, 28) / 255
        embedding, probability = session.run(["embedding", "probability"], {"pixels": pixels})
        assert np.abs(embedding[0] - case["embedding"]).max() < 1e-4
        assert abs(probability[0] - case["probability"]) < 1e-4


def test_augmentation_keeps_pictures():
    pixels = torch.rand(64, 1, 28, 28)
    first = augment(pixels, torch.Generator().manual_seed(1))
    assert first.shape == pixels.shape
    assert first.min() >= 0 and first.max() <= 1
    assert torch.equal(first, augment(pixels, torch.Generator().manual_seed(1)))
    assert not torch.equal(first, augment(pixels, torch.Generator().manual_seed(2)))
