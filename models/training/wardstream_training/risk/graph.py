"""The ensemble as one graph: rows to columns, trees, regression, attention, what rare extremes add, and the stack. Runs on any runtime that has its operators."""

import numpy as np
import torch
from torch import Tensor, nn

from .attention import Inputs, MonotoneAttention
from .columns import Columns
from .regression import Regression
from .stacking import POWERS, middle_and_ends

# Stands for no bound, and for a missing value that goes to one side of every split.
FAR = 1e9
COMPONENTS = 3


class ColumnsOf(nn.Module):
    """Rows [B, F] -> columns [B, C], 0 where missing, and what is missing [B, C], 1 or 0."""

    def __init__(self, columns: Columns):
        super().__init__()
        every = columns.columns
        keep = lambda name, values, kind: self.register_buffer(name, torch.tensor(values, dtype=kind))
        keep("source", [each.source for each in every], torch.int64)
        keep("seen", [each.seen if each.seen >= 0 else each.source for each in every], torch.int64)
        keep("can_lack", [0.0 if each.seen == -2 else 1.0 for each in every], torch.float32)
        keep("told", [float(np.isnan(each.fill)) for each in every], torch.float32)
        keep("fill", np.nan_to_num(columns.fills).tolist(), torch.float32)
        keep("low", [max(each.low, -FAR) for each in every], torch.float32)
        keep("high", [min(each.high, FAR) for each in every], torch.float32)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        lacking = (x[:, self.seen] == 0).to(x.dtype) * self.can_lack
        bent = torch.minimum(torch.maximum(x[:, self.source], self.low), self.high)
        return bent * (1 - lacking) + self.fill * lacking, lacking * self.told


class Trees(nn.Module):
    """
    Boosted trees of several outputs. Columns [B, C] and missing [B, C] -> logits [B, outputs]. As tensor operations, which any runtime has: every split of
    every tree is compared at once, and a leaf is reached where as many of its conditions hold as it has. Exported `as_operator` it is one operator
    of ai.onnx.ml instead, which ONNX Runtime has on the cpu alone and runs many times faster.
    """

    as_operator = False

    def __init__(self, models: list[list[dict]]):
        """`models`: of each output the trees of LightGBM's `dump_model`, each a root node."""
        super().__init__()
        trees = [tree for output in models for tree in output]
        self.counts = [len(output) for output in models]
        leaves = max(count_leaves(tree) for tree in trees)
        splits = max(1, leaves - 1)
        n = len(trees)
        column, threshold = np.zeros(n * splits, np.int64), np.full(n * splits, np.inf, np.float32)
        side = np.zeros(n * splits, np.int64)
        path, needed, value = np.zeros((n, splits, leaves), np.float32), np.full((n, leaves), np.inf, np.float32), np.zeros((n, leaves), np.float32)
        for tree, root in enumerate(trees):
            split_count = leaf_count = 0
            stack = [(root, [])]
            while stack:
                node, conditions = stack.pop()
                if "split_index" not in node:
                    for split, sign in conditions:
                        path[tree, split, leaf_count] = sign
                    needed[tree, leaf_count] = sum(sign > 0 for _, sign in conditions)
                    value[tree, leaf_count] = node["leaf_value"]
                    leaf_count += 1
                    continue
                at = tree * splits + split_count
                column[at] = node["split_feature"]
                threshold[at] = below(node["threshold"])
                side[at] = side_of(node)
                stack.append((node["left_child"], [*conditions, (split_count, 1.0)]))
                stack.append((node["right_child"], [*conditions, (split_count, -1.0)]))
                split_count += 1
        self.register_buffer("column", torch.from_numpy(column))
        self.register_buffer("side", torch.from_numpy(side))
        for name, array in (("threshold", threshold), ("path", path), ("needed", needed), ("value", value)):
            self.register_buffer(name, torch.from_numpy(array))
        self.nodes = operator_nodes(models)

    def forward(self, z: Tensor, missing: Tensor) -> Tensor:
        sides = torch.cat([z - missing * FAR, z + missing * FAR, z], 1)
        if self.as_operator:
            return TreeOperator.apply(sides, self.nodes, len(self.counts), int(z.shape[1]))
        chosen = sides.t()[self.column + self.side * z.shape[1]]
        holds = (chosen <= self.threshold[:, None]).to(z.dtype).reshape(*self.path.shape[:2], -1)
        reached = (self.path.transpose(1, 2) @ holds == self.needed[:, :, None]).to(z.dtype)
        said = (reached * self.value[:, :, None]).sum(1)  # [trees, B]
        return torch.stack([part.sum(0) for part in torch.split(said, self.counts)], 1)


class TreeOperator(torch.autograd.Function):
    """`TreeEnsembleRegressor` of ai.onnx.ml in an exported graph. Only its shape is right outside of one."""

    @staticmethod
    def forward(ctx, sides: Tensor, nodes: dict, outputs: int, width: int) -> Tensor:
        return sides.new_zeros(len(sides), outputs)

    @staticmethod
    def symbolic(g, sides, nodes: dict, outputs: int, width: int):
        found = dict(nodes)
        features, side = found.pop("features"), found.pop("side")
        found["nodes_featureids_i"] = [feature + each * width for feature, each in zip(features, side)]
        result = g.op("ai.onnx.ml::TreeEnsembleRegressor", sides, n_targets_i=outputs, aggregate_function_s="SUM", post_transform_s="NONE", **found)
        return result.setType(sides.type().with_sizes([None, outputs]))


def operator_nodes(models: list[list[dict]]) -> dict[str, list]:
    """The trees as attributes of the operator: nodes of each tree numbered depth first, and the leaf values with their outputs."""
    made: dict[str, list] = {name: [] for name in (
        "features", "side", "nodes_treeids_i", "nodes_nodeids_i", "nodes_values_f", "nodes_modes_s", "nodes_truenodeids_i", "nodes_falsenodeids_i",
        "target_treeids_i", "target_nodeids_i", "target_ids_i", "target_weights_f",
    )}
    tree = -1
    for output, roots in enumerate(models):
        for root in roots:
            tree += 1
            numbered: list[dict] = []

            def number(node: dict) -> int:
                place = len(numbered)
                numbered.append({"node": node})
                if "split_index" in node:
                    numbered[place]["true"] = number(node["left_child"])
                    numbered[place]["false"] = number(node["right_child"])
                return place

            number(root)
            for place, each in enumerate(numbered):
                node, is_split = each["node"], "true" in each
                made["nodes_treeids_i"].append(tree)
                made["nodes_nodeids_i"].append(place)
                made["features"].append(node["split_feature"] if is_split else 0)
                made["side"].append(side_of(node) if is_split else 0)
                made["nodes_values_f"].append(float(below(node["threshold"])) if is_split else 0.0)
                made["nodes_modes_s"].append("BRANCH_LEQ" if is_split else "LEAF")
                made["nodes_truenodeids_i"].append(each.get("true", 0))
                made["nodes_falsenodeids_i"].append(each.get("false", 0))
                if not is_split:
                    made["target_treeids_i"].append(tree)
                    made["target_nodeids_i"].append(place)
                    made["target_ids_i"].append(output)
                    made["target_weights_f"].append(float(node["leaf_value"]))
    return made


def side_of(node: dict) -> int:
    """Which form of the columns a split looks at: where a missing value goes left, where it goes right, or, had training none that is missing, where it is 0."""
    return 2 if node["missing_type"] == "None" else 0 if node["default_left"] else 1


def count_leaves(node: dict) -> int:
    return 1 if "split_index" not in node else count_leaves(node["left_child"]) + count_leaves(node["right_child"])


def below(threshold: float) -> np.float32:
    """The greatest float32 that is not above a double: float32 columns stay on the side they were on. None is as far as a missing value."""
    threshold = min(max(threshold, -FAR / 2), FAR / 2)
    rounded = np.float32(threshold)
    return np.nextafter(rounded, np.float32(-np.inf)) if float(rounded) > threshold else rounded


def trees_of(booster) -> list[dict]:
    """Root nodes of a LightGBM booster, with leaf values in logits."""
    return [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]


class Extremes(nn.Module):
    """
    What a value beyond a critical limit adds at least where training has little of it: logits [B, outputs] that rise in a straight line to the limit.
    Columns [B, C] and missing [B, C].
    """

    def __init__(self, places: list[int], starts: list[float], limits: list[float], weights: np.ndarray):
        """`places` of single-value columns, `starts` and `limits` on their scale, `weights` [extremes, outputs], not negative."""
        super().__init__()
        self.register_buffer("places", torch.tensor(places, dtype=torch.int64))
        self.register_buffer("starts", torch.tensor(starts, dtype=torch.float32))
        self.register_buffer("reach", torch.tensor([limit - start for start, limit in zip(starts, limits)], dtype=torch.float32))
        self.register_buffer("weights", torch.from_numpy(weights.astype(np.float32)))

    def forward(self, z: Tensor, missing: Tensor) -> Tensor:
        share = torch.clamp((z[:, self.places] - self.starts) / self.reach, 0.0, 1.0) * (1 - missing[:, self.places])
        return share @ self.weights


class Line(nn.Module):
    """A regression of one output: columns [B, C], which variables are known [B, V] and the share of the window that has passed [B, 1] -> logits [B, outputs], 0 of all others."""

    def __init__(self, regression: Regression, output: int, outputs: int):
        super().__init__()
        self.start = nn.Linear(len(regression.start), 1)
        self.slope = nn.Linear(len(regression.start), 1)
        with torch.no_grad():
            for module, weight, constant in ((self.start, regression.start, 0), (self.slope, regression.end - regression.start, 1)):
                module.weight.copy_(torch.from_numpy(weight)[None])
                module.bias.fill_(regression.constant[constant])
        self.register_buffer("of", torch.eye(outputs)[output])

    def forward(self, z: Tensor, known: Tensor, elapsed: Tensor) -> Tensor:
        inputs = torch.cat([z, known], 1)
        return (self.start(inputs) + elapsed * self.slope(inputs)) * self.of


class Finding(nn.Module):
    """
    What the newest picture adds. Rows [B, F] that end with its embedding (last of it the probability of the finding), its age and whether there is one -> logits
    [B, outputs]. Nothing in training has both pictures and outcomes, so the weights are ours and small: all of one where the finding is sure and new, half
    after about 6 hours, nothing after 48, and nothing where the finding is less likely than not.
    """

    # log1p(48 hours) / 4, as ages are encoded (src/features/encoder.ts).
    OLD = float(np.log1p(48.0) / 4)

    def __init__(self, weights: list[float]):
        super().__init__()
        self.register_buffer("weights", torch.tensor(weights))

    def forward(self, x: Tensor) -> Tensor:
        probability, age, seen = x[:, -3:-2], x[:, -2:-1], x[:, -1:]
        sure = torch.clamp(2 * probability - 1, 0.0, 1.0)
        return seen * sure * torch.clamp(1 - age / self.OLD, 0.0, 1.0) * self.weights


class RiskEnsemble(nn.Module):
    """Attention, trees and a regression, stacked for each output by weights that are not negative and move with the time since admission, extremes, and a picture's finding."""

    def __init__(self, columns: Columns, inputs: Inputs, attention: MonotoneAttention, trees: Trees, line: Line, extremes: Extremes, finding: Finding, elapsed_at: int, outputs: int):
        super().__init__()
        self.columns, self.attention, self.trees, self.line, self.extremes, self.finding = ColumnsOf(columns), attention, trees, line, extremes, finding
        self.register_buffer("known_places", torch.from_numpy(inputs.known))
        self.register_buffer("elapsed_at", torch.tensor([elapsed_at]))
        self.register_buffer("weights", torch.zeros(2, outputs, 2 * COMPONENTS))
        self.register_buffer("constants", torch.zeros(POWERS, outputs))

    def set_stack(self, output: int, terms: np.ndarray) -> None:
        """Takes over fitted weights of `stack_terms`."""
        values = torch.from_numpy(terms).float()
        at_start, at_end = values[:-POWERS].reshape(2, 2 * COMPONENTS)
        self.weights[:, output] = torch.stack([at_start, at_end - at_start])
        self.constants[:, output] = values[-POWERS:]

    def combine(self, x: Tensor, z: Tensor, missing: Tensor, known: Tensor, of_attention: Tensor) -> Tensor:
        elapsed = x[:, self.elapsed_at]
        components = torch.stack([of_attention, self.trees(z, missing), self.line(z, known, elapsed)], 2)
        weights = self.weights[0] + elapsed[:, :, None] * self.weights[1]
        constant = self.constants[0] + elapsed * (self.constants[1] + elapsed * self.constants[2])
        return (middle_and_ends(components) * weights).sum(2) + constant + self.extremes(z, missing) + self.finding(x)


class RiskStep(nn.Module):
    """
    One token a row: x [B, F], cache k and v [B, modalities, slots, W], age [B, slots] (distance in steps of each slot; `slots` where empty) to logit
    [B, outputs], and the token's own keys and values [B, modalities, W].
    """

    def __init__(self, ensemble: RiskEnsemble):
        super().__init__()
        self.ensemble = ensemble

    def forward(self, x: Tensor, k: Tensor, v: Tensor, age: Tensor):
        of = self.ensemble
        z, missing = of.columns(x)
        known = 1 - missing[:, of.known_places]
        ages = torch.cat([age, torch.zeros_like(age[:, :1])], 1)
        logits, new_k, new_v = of.attention.step(z, known, k, v, ages)
        return of.combine(x, z, missing, known, logits), new_k, new_v
