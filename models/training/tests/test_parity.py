"""The step form must be the full-window form, and one training pass must run end to end on a tiny export."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from sklearn.ensemble import HistGradientBoostingClassifier

from wardstream_training.model import BoostedTrees, Ensemble, LinearKnots, StepGraph, StepTransformer

SIZES = dict(width=16, layers=2, heads=4, cacheHeads=2, headWidth=4, feedForward=32, dropout=0.3, inputDropout=0.2)
ROOT = Path(__file__).resolve().parent.parent


def test_step_form_equals_full_window():
    torch.manual_seed(0)
    features, slots, steps = 7, 6, 11  # longer than the window: old steps must drop out
    rng = np.random.default_rng(0)
    trees = [
        BoostedTrees.of(HistGradientBoostingClassifier(max_iter=5).fit(rng.normal(size=(200, features)), rng.integers(0, 2, 200)))
        for _ in range(2)
    ]
    linear = LinearKnots.of(np.arange(4), 6, np.array([0.2, 0.5, 1.0]), rng.normal(size=(3, 8)), rng.normal(size=3))
    members = [StepTransformer(features, slots, 3, 2, **SIZES) for _ in range(2)]
    ensemble = Ensemble(members, trees, linear).eval()
    for output in range(2):
        ensemble.set_stack(output, rng.normal(size=15))
    x = torch.randn(3, steps, features)
    graph = StepGraph(ensemble).eval()
    k = v = torch.zeros(3, 4, slots, 8)
    held = [-1] * slots
    logits = []
    with torch.no_grad():
        for step in range(steps):
            distance = [step - s if s >= 0 and 0 < step - s < slots else slots for s in held]
            age = torch.tensor([distance] * 3, dtype=torch.int32)
            logit, new_k, new_v = graph(x[:, step], k, v, age)
            k, v = k.clone(), v.clone()
            k[:, :, step % slots], v[:, :, step % slots] = new_k, new_v
            held[step % slots] = step
            logits.append(logit)
        full = ensemble(x)
    assert torch.allclose(torch.stack(logits, 1), full, atol=1e-5)


def test_tree_tensors_equal_the_trees():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 6)).astype(np.float32)
    y = x[:, 0] * x[:, 1] + rng.normal(size=500) > 0
    fitted = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=7).fit(x, y)
    assert np.abs(BoostedTrees.of(fitted)(torch.from_numpy(x)).numpy() - fitted.decision_function(x)).max() < 1e-5


def test_linear_models_are_interpolated_between_knots():
    rng = np.random.default_rng(2)
    weights, constants, places = rng.normal(size=(3, 4)), rng.normal(size=3), np.array([0.25, 0.5, 1.0])
    module = LinearKnots.of(np.array([2, 0]), 1, places, weights, constants)
    x = rng.normal(size=(50, 3)).astype(np.float32)
    x[:, 1] = np.linspace(0, 1, 50)
    columns = np.concatenate([x[:, [2, 0]], x[:, [2, 0]] ** 2], 1)
    at_knots = columns @ weights.T + constants
    expected = [np.interp(elapsed, places, row) for elapsed, row in zip(x[:, 1], at_knots)]
    assert np.abs(module(torch.from_numpy(x)).numpy() - expected).max() < 1e-5


def test_smoke(tmp_path: Path):
    rng = np.random.default_rng(0)
    stays, steps = 40, 48
    variables = ["heartRate", "gcs"]
    names = [f"{id}.f{place}" for id in variables for place in range(12)] + ["static.age", "static.sexMale", "time.elapsed", "derived.shockIndex.last"]
    x = rng.normal(size=(stays, steps, len(names))).astype("<f4")
    x[:, :, names.index("time.elapsed")] = np.arange(1, steps + 1) / steps
    x.tofile(tmp_path / "features.f32")
    rng.normal(size=(stays, steps, 4)).astype("<f4").tofile(tmp_path / "scores.f32")
    ids = [str(100 + i) for i in range(stays)]
    description = dict(
        stays=stays, steps=steps, features=len(names), ids=ids, featureNames=names, scoreNames=["news2", "sofa", "map", "spo2"], vitals=variables,
        encoder={"variables": [{"id": id, "transform": "linear", "center": 80.0, "scale": 20.0} for id in variables]},
    )
    (tmp_path / "stays.json").write_text(json.dumps(description))
    events = [[[float(5 + i % 30), 6.5 + i % 30]] for i in range(stays)]
    endpoints = dict.fromkeys(["circulatoryFailure", "respiratoryFailure", "deterioration"], events)
    (tmp_path / "endpoints.json").write_text(json.dumps({"hours": [47.5] * stays, "events": endpoints}))
    lines = ["RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"] + [f"{s},{5 + int(s) % 3},1,5,-1,{int(i % 4 == 0)}" for i, s in enumerate(ids)]
    (tmp_path / "outcomes.txt").write_text("\n".join(lines))
    notes = [
        {"stay": stay, "minute": minute, "kind": "event", "text": "", "sentences": [stay % 5, 5 + stay % 3]}
        for stay in range(stays) for minute in (300, 2800)
    ]
    rng.normal(size=(8, 6)).astype("<f4").tofile(tmp_path / "sentences.f32")
    texts = [f"sentence {each}" for each in range(8)]
    stated = [[[["heartRate"], 131]], *[[]] * 7]
    (tmp_path / "notes.json").write_text(json.dumps({"size": 6, "encoder": "test", "sentences": texts, "stated": stated, "notes": notes}))
    (tmp_path / "runs").mkdir()
    np.savez(tmp_path / "runs/images.npz", embedding=rng.normal(size=(8, 3)).astype(np.float32), ill=np.arange(8) % 2 == 0)
    config = json.loads((ROOT / "configs/deterioration.json").read_text())
    config |= dict(folds=3, features=str(tmp_path), outcomes=str(tmp_path / "outcomes.txt"), output=str(tmp_path / "out"), readers=str(tmp_path / "text"), runs=str(tmp_path / "runs"), bootstrap=20)
    config["model"] |= dict(width=16, feedForward=16, headWidth=4)
    config["fusion"]["model"] |= dict(width=8)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    for command in (["pretrain", "--smoke"], ["train", "--smoke"], ["fuse", "--smoke"], ["evaluate"], ["export"], ["export", "--fused"], ["compare"]):
        subprocess.run([sys.executable, "-m", f"wardstream_training.{command[0]}", "--config", str(file), *command[1:]], cwd=ROOT, check=True)
    for version in (config["version"], f"0-fusion-{config['fusion']['version']}-{config['version']}"):
        check(tmp_path / "out" / version, config["version"], stays, steps)
    check_reader(tmp_path / "text" / config["fusion"]["reader"]["version"], description["encoder"]["variables"])


def check(folder: Path, plain_version: str, stays: int, steps: int) -> None:
    assert json.loads((folder / "metrics.json").read_text())["stays"] == stays
    assert folder.name in (folder / "card.md").read_text()
    golden = json.loads((folder / "golden.json").read_text())["cases"]
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    shape = json.loads((folder / "config.json").read_text())
    cache = np.zeros((1, shape["layers"], steps, shape["width"]), np.float32)
    age = np.full((1, steps), steps, np.int32)
    logit, _, _ = session.run(None, {"x": np.array([golden[0]["x"]], np.float32), "k": cache, "v": cache, "age": age})
    assert logit.shape == (1, len(shape["outputs"]))
    assert np.abs(logit[0] - golden[0]["logit"]).max() < 1e-4
    # The first hour, of the fused model without a document: the same to the bit.
    if folder.name != plain_version:
        plain = onnxruntime.InferenceSession(str(folder.parent / plain_version / "model.onnx"))
        size = plain.get_inputs()[0].shape[1]
        same, _, _ = plain.run(None, {"x": np.array([golden[0]["x"][:size]], np.float32), "k": cache, "v": cache, "age": age})
        assert np.array_equal(logit, same)


def check_reader(folder: Path, variables: list[dict]) -> None:
    assert json.loads((folder / "config.json").read_text())["variables"] == variables
    assert folder.name in (folder / "card.md").read_text()
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    for sentences in (1, 3, 32):
        (reading,) = session.run(None, {"sentences": np.zeros((sentences, 6), np.float32)})
        assert reading.shape == (2 * len(variables),)
