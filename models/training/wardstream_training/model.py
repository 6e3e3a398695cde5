"""The causal transformer over hourly steps, an ensemble of it with boosted trees, and the step form with cached keys and values."""

import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor, nn
from torch.nn import functional as F

MASKED = -1e9


class Layer(nn.Module):
    """Pre-norm transformer layer. Query heads share key and value heads, since those are what is cached per patient."""

    def __init__(self, width: int, heads: int, cacheHeads: int, headWidth: int, feedForward: int, dropout: float, steps: int):
        super().__init__()
        self.heads, self.cache_heads, self.head_width = heads, cacheHeads, headWidth
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.query = nn.Linear(width, heads * headWidth)
        self.key = nn.Linear(width, cacheHeads * headWidth)
        self.value = nn.Linear(width, cacheHeads * headWidth)
        self.out = nn.Linear(heads * headWidth, width)
        self.ff = nn.Sequential(nn.Linear(width, feedForward), nn.GELU(), nn.Dropout(dropout), nn.Linear(feedForward, width))
        self.dropout = nn.Dropout(dropout)
        # Attention bias by distance in steps: a row a distance, the last row is the mask.
        self.bias = nn.Parameter(-0.05 * torch.arange(steps).float()[:, None].repeat(1, heads))

    def table(self) -> Tensor:
        return torch.cat([self.bias, torch.full_like(self.bias[:1], MASKED)])

    def attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        """q [B, Q, heads * d]; k, v [B, K, cacheHeads * d]; bias [B or 1, heads, Q, K] -> [B, Q, heads * d]"""
        b, n, _ = q.shape
        d, groups, per = self.head_width, self.cache_heads, self.heads // self.cache_heads
        q = q.reshape(b, n, groups, per, d).permute(0, 2, 3, 1, 4).reshape(b, groups, per * n, d)
        k = k.reshape(b, k.shape[1], groups, d).permute(0, 2, 3, 1)
        v = v.reshape(b, v.shape[1], groups, d).permute(0, 2, 1, 3)
        weights = (q @ k / d**0.5).reshape(b, self.heads, n, -1) + bias
        attended = torch.softmax(weights, -1).reshape(b, groups, per * n, -1) @ v
        return attended.reshape(b, self.heads, n, d).permute(0, 2, 1, 3).reshape(b, n, self.heads * d)

    def finish(self, h: Tensor, attended: Tensor) -> Tensor:
        h = h + self.dropout(self.out(attended))
        return h + self.dropout(self.ff(self.norm2(h)))


class StepTransformer(nn.Module):
    """Hourly rows [B, S, F] to logits [B, S] and forecasts [B, S, V] of the next step's means; nothing uses later steps."""

    def __init__(
        self, features: int, steps: int, forecasts: int, width: int, layers: int, heads: int, cacheHeads: int,
        headWidth: int, feedForward: int, dropout: float, inputDropout: float,
    ):
        super().__init__()
        self.steps = steps
        self.input_dropout = nn.Dropout(inputDropout)
        self.embed = nn.Sequential(nn.Linear(features, width), nn.LayerNorm(width), nn.GELU(), nn.Dropout(dropout))
        self.layers = nn.ModuleList(Layer(width, heads, cacheHeads, headWidth, feedForward, dropout, steps) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 1)
        self.forecast = nn.Linear(width, forecasts)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        n = x.shape[1]
        distance = torch.arange(n)[:, None] - torch.arange(n)[None, :]
        age = torch.where((distance >= 0) & (distance < self.steps), distance, self.steps)
        h = self.embed(self.input_dropout(x))
        for layer in self.layers:
            normed = layer.norm1(h)
            bias = layer.table()[age].permute(2, 0, 1)[None]
            h = layer.finish(h, layer.attend(layer.query(normed), layer.key(normed), layer.value(normed), bias))
        h = self.norm(h)
        return self.head(h)[..., 0], self.forecast(h)


class BoostedTrees(nn.Module):
    """
    Boosted trees as tensor operations, so that any runtime can run them: every split of every tree is compared at once,
    and a leaf is reached where as many of its conditions hold as it has. x [B, F] -> logit [B].
    """

    def __init__(self, trees: int, splits: int, leaves: int):
        super().__init__()
        self.register_buffer("feature", torch.zeros(trees * splits, dtype=torch.int64))
        self.register_buffer("threshold", torch.full((trees * splits,), torch.inf))
        # 1 where a leaf needs the split's condition to hold, -1 where it needs it not to, else 0; [trees, splits, leaves].
        self.register_buffer("path", torch.zeros(trees, splits, leaves))
        # How many conditions of a leaf hold positively when it is reached; [trees, leaves]. No row reaches an unused leaf.
        self.register_buffer("needed", torch.full((trees, leaves), torch.inf))
        self.register_buffer("value", torch.zeros(trees, leaves))
        self.register_buffer("baseline", torch.tensor(0.0))

    def forward(self, x: Tensor) -> Tensor:
        holds = (x.t()[self.feature] <= self.threshold[:, None]).to(x.dtype).reshape(*self.path.shape[:2], -1)
        reached = (self.path.transpose(1, 2) @ holds == self.needed[:, :, None]).to(x.dtype)  # [trees, leaves, B]
        return (reached * self.value[:, :, None]).sum((0, 1)) + self.baseline

    @staticmethod
    def of(model: HistGradientBoostingClassifier) -> "BoostedTrees":
        """The same function as a fitted classifier of two classes without categories."""
        predictors = [each[0].nodes for each in model._predictors]
        leaves = max(int(nodes["is_leaf"].sum()) for nodes in predictors)
        trees = BoostedTrees(len(predictors), max(1, leaves - 1), leaves)
        trees.baseline.fill_(float(model._baseline_prediction.item()))
        for tree, nodes in enumerate(predictors):
            trees._fill(tree, nodes)
        return trees

    def _fill(self, tree: int, nodes) -> None:
        split_count = leaf_count = 0
        stack = [(0, [])]
        while stack:
            index, conditions = stack.pop()
            node = nodes[index]
            if node["is_leaf"]:
                for split, sign in conditions:
                    self.path[tree, split, leaf_count] = sign
                self.needed[tree, leaf_count] = sum(sign > 0 for _, sign in conditions)
                self.value[tree, leaf_count] = float(node["value"])
                leaf_count += 1
                continue
            at = tree * self.path.shape[1] + split_count
            self.feature[at] = int(node["feature_idx"])
            # Thresholds lie midway between values seen; rounding down keeps float32 rows on the side they were on.
            self.threshold[at] = float(node["num_threshold"])
            stack.append((int(node["left"]), [*conditions, (split_count, 1.0)]))
            stack.append((int(node["right"]), [*conditions, (split_count, -1.0)]))
            split_count += 1


def calibrated(logit: Tensor, calibration: Tensor) -> Tensor:
    """Platt scaling with a square and a cube, coefficients from the constant on. Shape as `logit`."""
    a, b, c, d = calibration
    return a + logit * (b + logit * (c + logit * d))


class Ensemble(nn.Module):
    """
    Members trained from different seeds, and boosted trees. Its logit is the mean of the members' plus `share` of the
    trees', calibrated by a cubic polynomial.
    """

    def __init__(self, members: list[StepTransformer], trees: BoostedTrees, share: float):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.trees = trees
        self.share = share
        self.register_buffer("calibration", torch.tensor([0.0, 1.0, 0.0, 0.0]))

    def combine(self, logits: list[Tensor], of_trees: Tensor) -> Tensor:
        return calibrated(sum(logits) / len(logits) + self.share * of_trees, self.calibration)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, S, F] -> calibrated logits [B, S]"""
        of_trees = self.trees(x.reshape(-1, x.shape[2])).reshape(x.shape[:2])
        return self.combine([member(x)[0] for member in self.members], of_trees)


class StepGraph(nn.Module):
    """
    One token a row: x [B, F], cache k and v [B, layers, slots, W], age [B, slots] (distance in steps of each slot, 1 to
    slots - 1; `slots` where empty) to logit [B, 1], and the token's own keys and values [B, layers, W]. `layers` counts
    those of all members, one member after the other.
    """

    def __init__(self, ensemble: Ensemble):
        super().__init__()
        self.ensemble = ensemble

    def forward(self, x: Tensor, k: Tensor, v: Tensor, age: Tensor):
        ages = torch.cat([age, torch.zeros_like(age[:, :1])], 1)
        logits, new_k, new_v = [], [], []
        for member in self.ensemble.members:
            h = member.embed(x)[:, None]
            for layer in member.layers:
                index = len(new_k)
                normed = layer.norm1(h)
                key, value = layer.key(normed), layer.value(normed)
                new_k.append(key)
                new_v.append(value)
                bias = F.embedding(ages, layer.table()).permute(0, 2, 1)[:, :, None]
                keys, values = torch.cat([k[:, index], key], 1), torch.cat([v[:, index], value], 1)
                h = layer.finish(h, layer.attend(layer.query(normed), keys, values, bias))
            logits.append(member.head(member.norm(h))[:, 0])
        logit = self.ensemble.combine(logits, self.ensemble.trees(x)[:, None])
        return logit, torch.cat(new_k, 1), torch.cat(new_v, 1)
