"""The step form must be the full-window form, and one training pass must run end to end on a tiny export."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from sklearn.ensemble import HistGradientBoostingClassifier

from wardstream_training.model import BoostedTrees, Ensemble, StepGraph, StepTransformer

SIZES = dict(width=16, layers=2, heads=4, cacheHeads=2, headWidth=4, feedForward=32, dropout=0.3, inputDropout=0.2)
ROOT = Path(__file__).resolve().parent.parent


def test_step_form_equals_full_window():
    torch.manual_seed(0)
    features, slots, steps = 7, 6, 11  # longer than the window: old steps must drop out
    rng = np.random.default_rng(0)
    fitted = HistGradientBoostingClassifier(max_iter=5).fit(rng.normal(size=(200, features)), rng.integers(0, 2, 200))
    members = [StepTransformer(features, slots, 3, **SIZES) for _ in range(2)]
    ensemble = Ensemble(members, BoostedTrees.of(fitted), 0.5).eval()
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
    assert torch.allclose(torch.cat(logits, 1), full, atol=1e-5)


def test_tree_tensors_equal_the_trees():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 6)).astype(np.float32)
    y = x[:, 0] * x[:, 1] + rng.normal(size=500) > 0
    fitted = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=7).fit(x, y)
    assert np.abs(BoostedTrees.of(fitted)(torch.from_numpy(x)).numpy() - fitted.decision_function(x)).max() < 1e-5


def test_smoke(tmp_path: Path):
    rng = np.random.default_rng(0)
    stays, steps, variables = 40, 48, 2
    statics = 3
    features = variables * 12 + statics
    rng.normal(size=(stays, steps, features)).astype("<f4").tofile(tmp_path / "features.f32")
    ids = [str(100 + i) for i in range(stays)]
    description = dict(stays=stays, steps=steps, features=features, ids=ids, featureNames=["f"] * features, encoder={"variables": [{}] * variables})
    (tmp_path / "stays.json").write_text(json.dumps(description))
    lines = ["RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"] + [f"{s},5,1,5,-1,{int(i % 4 == 0)}" for i, s in enumerate(ids)]
    (tmp_path / "outcomes.txt").write_text("\n".join(lines))
    config = json.loads((ROOT / "configs/deterioration.json").read_text())
    config |= dict(members=2, features=str(tmp_path), outcomes=str(tmp_path / "outcomes.txt"), output=str(tmp_path / "out"), runs=str(tmp_path / "runs"))
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    for command in (["train", "--smoke"], ["export"]):
        subprocess.run([sys.executable, "-m", f"wardstream_training.{command[0]}", "--config", str(file), *command[1:]], cwd=ROOT, check=True)
    folder = tmp_path / "out" / config["version"]
    golden = json.loads((folder / "golden.json").read_text())["cases"]
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    shape = json.loads((folder / "config.json").read_text())
    cache = np.zeros((1, shape["layers"], steps, shape["width"]), np.float32)
    age = np.full((1, steps), steps, np.int32)
    logit, _, _ = session.run(None, {"x": np.array([golden[0]["x"]], np.float32), "k": cache, "v": cache, "age": age})
    assert abs(float(logit[0, 0]) - golden[0]["logit"]) < 1e-4
