"""The causal transformer over hourly steps, an ensemble of it with boosted trees, and the step form with cached keys and values."""

import numpy as np
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
    """Hourly rows [B, S, F] to logits [B, S, outputs] and forecasts [B, S, V] of the next step's means; nothing uses later steps."""

    def __init__(
        self, features: int, steps: int, forecasts: int, outputs: int, width: int, layers: int, heads: int, cacheHeads: int,
        headWidth: int, feedForward: int, dropout: float, inputDropout: float,
    ):
        super().__init__()
        self.steps = steps
        self.input_dropout = nn.Dropout(inputDropout)
        self.embed = nn.Sequential(nn.Linear(features, width), nn.LayerNorm(width), nn.GELU(), nn.Dropout(dropout))
        self.layers = nn.ModuleList(Layer(width, heads, cacheHeads, headWidth, feedForward, dropout, steps) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs)
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
        return self.head(h), self.forecast(h)


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
    def of(*models: HistGradientBoostingClassifier) -> "BoostedTrees":
        """The mean of fitted classifiers of two classes without categories."""
        predictors = [each[0].nodes for model in models for each in model._predictors]
        leaves = max(int(nodes["is_leaf"].sum()) for nodes in predictors)
        trees = BoostedTrees(len(predictors), max(1, leaves - 1), leaves)
        trees.baseline.fill_(float(np.mean([model._baseline_prediction.item() for model in models])))
        for tree, nodes in enumerate(predictors):
            trees._fill(tree, nodes)
        trees.value /= len(models)
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


class LinearKnots(nn.Module):
    """
    Linear models of chosen columns and their squares, one a knot of the time since admission, interpolated between knots.
    x [B, F] -> logit [B].
    """

    def __init__(self, columns: int, knots: int):
        super().__init__()
        self.register_buffer("columns", torch.zeros(columns, dtype=torch.int64))
        self.register_buffer("elapsed_at", torch.zeros(1, dtype=torch.int64))
        # The model of the first knot, and from there on what each next one adds while the time since admission passes to it. One
        # product of matrices for all, since that of a single column may round differently in batches of other sizes.
        self.register_buffer("weight", torch.zeros(2 * columns, knots))
        self.register_buffer("constant", torch.zeros(knots))
        self.register_buffer("begins", torch.zeros(knots))
        self.register_buffer("lasts", torch.ones(knots))

    @staticmethod
    def of(columns: np.ndarray, elapsed_at: int, knots: np.ndarray, weights: np.ndarray, constants: np.ndarray) -> "LinearKnots":
        """knots [knots] as shares of the window, weights [knots, 2 * columns], constants [knots]"""
        module = LinearKnots(len(columns), len(knots))
        module.columns.copy_(torch.from_numpy(columns))
        module.elapsed_at.fill_(elapsed_at)
        module.weight.copy_(torch.from_numpy(np.diff(weights, axis=0, prepend=0).T))
        module.constant.copy_(torch.from_numpy(np.diff(constants, prepend=0)))
        # The first has always begun.
        module.begins.copy_(torch.from_numpy(np.append(-1, knots[:-1])))
        module.lasts.copy_(torch.from_numpy(np.append(1, np.diff(knots))))
        return module

    def elapsed(self, x: Tensor) -> Tensor:
        """Time since admission as a share of the window. [B, 1]"""
        return x[:, self.elapsed_at]

    def forward(self, x: Tensor) -> Tensor:
        chosen = x[:, self.columns]
        chosen = torch.cat([chosen, chosen * chosen], 1)
        passed = torch.clamp((self.elapsed(x) - self.begins) / self.lasts, 0.0, 1.0)
        return ((chosen @ self.weight + self.constant) * passed).sum(1)


COMPONENTS = 3


class Ensemble(nn.Module):
    """
    Transformers trained from different seeds, boosted trees of each output, and linear models of the first output, stacked:
    of each output the logit is a weighted sum of its components' logits, and the weights and the constant move with the
    time since admission. Components: the mean of the transformers, the trees, the linear models.
    """

    def __init__(self, members: list[StepTransformer], trees: list[BoostedTrees], linear: LinearKnots):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.trees = nn.ModuleList(trees)
        self.linear = linear
        self.register_buffer("weights", torch.zeros(2, len(trees), COMPONENTS))  # and what they gain over the window
        self.register_buffer("constants", torch.zeros(3, len(trees)))  # of the powers of elapsed
        self.register_buffer("has_linear", torch.eye(len(trees))[:1])  # [1, outputs]

    def components(self, x: Tensor, of_members: Tensor) -> Tensor:
        """x [N, F], the members' mean logits [N, outputs] -> [N, outputs, components]"""
        of_trees = torch.stack([trees(x) for trees in self.trees], 1)
        return torch.stack([of_members, of_trees, self.linear(x)[:, None] * self.has_linear], 2)

    def combine(self, x: Tensor, of_members: Tensor) -> Tensor:
        """Calibrated logits [N, outputs]"""
        elapsed = self.linear.elapsed(x)
        weights = self.weights[0] + elapsed[:, :, None] * self.weights[1]
        constant = self.constants[0] + elapsed * (self.constants[1] + elapsed * self.constants[2])
        return (self.components(x, of_members) * weights).sum(2) + constant

    def set_stack(self, output: int, terms: np.ndarray) -> None:
        """Takes over fitted weights of `stack_terms`."""
        values = torch.from_numpy(terms).float()
        self.weights[:, output] = values[: 2 * COMPONENTS].reshape(2, COMPONENTS)
        self.constants[:, output] = values[2 * COMPONENTS :]

    def raw(self, x: Tensor) -> Tensor:
        """Components [B, S, outputs, components] of x [B, S, F]."""
        mean = sum(member(x)[0] for member in self.members) / len(self.members)
        return self.components(x.flatten(0, 1), mean.flatten(0, 1)).unflatten(0, x.shape[:2])

    def forward(self, x: Tensor) -> Tensor:
        """x [B, S, F] -> calibrated logits [B, S, outputs]"""
        mean = sum(member(x)[0] for member in self.members) / len(self.members)
        return self.combine(x.flatten(0, 1), mean.flatten(0, 1)).unflatten(0, x.shape[:2])


def stack_terms(components: np.ndarray, elapsed: np.ndarray) -> np.ndarray:
    """What a stack weighs: components [N, C], elapsed [N] -> [N, 2 C + 3]"""
    e = elapsed[:, None]
    return np.concatenate([components, components * e, np.ones_like(e), e, e * e], 1)


class Fusion(nn.Module):
    """
    What notes and images change in the logits. Within a step a learned query attends over the tokens of the structured row, the
    newest note and the newest image; what that moves away from the structured token alone, `u`, is attended over the steps so far and
    mapped to logits without constants. So without a note or an image so far the change is 0, exactly.
    """

    def __init__(self, structured: int, text: int, image: int, steps: int, outputs: int, heads: int, headWidth: int, dropout: float):
        super().__init__()
        width = heads * headWidth
        # Columns of a row: structured, then the note's embedding, age and seen, then the image's.
        self.sizes = [structured, text + 2, image + 2]
        # The structured token is of the row and of the logits so far.
        inputs = [structured + outputs, text + 2, image + 2]
        self.heads, self.head_width = heads, headWidth
        self.tokens = nn.ModuleList(nn.Sequential(nn.Linear(size, width), nn.LayerNorm(width)) for size in inputs)
        # What embeddings are centred and scaled by.
        self.register_buffer("shift", torch.zeros(text + image + 4))
        self.register_buffer("gain", torch.ones(text + image + 4))
        self.input_dropout = nn.Dropout(dropout)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.query = nn.Parameter(torch.randn(width) / width**0.5)
        self.kind = nn.Parameter(torch.zeros(len(self.sizes)))
        self.step_query = nn.Linear(width, width)
        self.step_key = nn.Linear(width, width, bias=False)
        self.step_value = nn.Linear(width, width, bias=False)
        self.bias = nn.Parameter(-0.3 * torch.arange(steps).float()[:, None].repeat(1, heads))
        self.first = nn.Linear(width, 2 * width, bias=False)
        self.second = nn.Linear(2 * width, outputs, bias=False)
        self.dropout = nn.Dropout(dropout)

    def table(self) -> Tensor:
        return torch.cat([self.bias, torch.full_like(self.bias[:1], MASKED)])

    def standardise(self, embeddings: list[np.ndarray]) -> None:
        """Centres and scales the inputs by embeddings of notes and of images [count, size] each; age and seen stay."""
        plain = np.array([0.0, 0.0])
        self.shift.copy_(torch.from_numpy(np.concatenate([part for each in embeddings for part in (each.mean(0), plain)])))
        self.gain.copy_(torch.from_numpy(np.concatenate([part for each in embeddings for part in (1 / (each.std(0) + 1e-3), plain + 1)])))

    def within(self, x: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Rows [N, F] and their logits so far [N, outputs] -> the structured token and what the others move, [N, W] each."""
        structured, *parts = torch.split(x, self.sizes, 1)
        text, image = torch.split((torch.cat(parts, 1) - self.shift) * self.gain, self.sizes[1:], 1)
        inputs = [torch.cat([structured, logits], 1), text, image]
        tokens = [token(self.input_dropout(each)) for token, each in zip(self.tokens, inputs)]
        values = [self.value(self.dropout(token)) for token in tokens]
        scale = self.query.shape[0] ** 0.5
        scores = torch.stack([(self.key(token) * self.query).sum(1) / scale for token in tokens], 1) + self.kind
        # A row's last column of a modality says whether it has one.
        absent = torch.cat([torch.zeros_like(x[:, :1]), *(1 - part[:, -1:] for part in parts)], 1)
        shares = torch.softmax(scores + absent * MASKED, 1)
        moved = sum(shares[:, each : each + 1] * value for each, value in enumerate(values))
        return tokens[0], moved - values[0]

    def across(self, token: Tensor, u: Tensor, keys: Tensor, values: Tensor, ages: Tensor) -> Tensor:
        """token, u [B, Q, W]; keys, values [B, K, W]; ages [B or 1, Q, K] -> change of the logits [B, Q, outputs]"""
        b, n, width = u.shape
        split = lambda each: each.reshape(b, -1, self.heads, self.head_width).permute(0, 2, 1, 3)
        bias = F.embedding(ages, self.table()).permute(0, 3, 1, 2)
        scores = split(self.step_query(token)) @ split(keys).transpose(2, 3) / self.head_width**0.5 + bias
        attended = (torch.softmax(scores, -1) @ split(values)).permute(0, 2, 1, 3).reshape(b, n, width)
        return self.second(self.dropout(torch.tanh(self.first(u + attended))))

    def forward(self, x: Tensor, logits: Tensor) -> Tensor:
        """x [B, S, F], logits so far [B, S, outputs] -> change of the logits [B, S, outputs]"""
        n = x.shape[1]
        token, u = (each.unflatten(0, x.shape[:2]) for each in self.within(x.flatten(0, 1), logits.flatten(0, 1)))
        distance = torch.arange(n)[:, None] - torch.arange(n)[None, :]
        ages = torch.where((distance >= 0) & (distance < len(self.bias)), distance, len(self.bias))[None]
        return self.across(token, u, self.step_key(u), self.step_value(u), ages)


class StepGraph(nn.Module):
    """
    One token a row: x [B, F], cache k and v [B, layers, slots, W], age [B, slots] (distance in steps of each slot, 1 to
    slots - 1; `slots` where empty) to logit [B, outputs], and the token's own keys and values [B, layers, W]. `layers`
    counts those of all members, one member after the other, and at last that of the fusion where there is one.
    """

    def __init__(self, ensemble: Ensemble, fusion: Fusion | None = None):
        super().__init__()
        self.ensemble = ensemble
        self.fusion = fusion

    def forward(self, row: Tensor, k: Tensor, v: Tensor, age: Tensor):
        x = row if self.fusion is None else row[:, : self.fusion.sizes[0]]
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
        logit = self.ensemble.combine(x, sum(logits) / len(logits))
        if self.fusion is not None:
            token, u = (each[:, None] for each in self.fusion.within(row, logit))
            key, value = self.fusion.step_key(u), self.fusion.step_value(u)
            keys, values = torch.cat([k[:, len(new_k)], key], 1), torch.cat([v[:, len(new_k)], value], 1)
            new_k.append(key)
            new_v.append(value)
            logit = logit + self.fusion.across(token, u, keys, values, ages[:, None])[:, 0]
        return logit, torch.cat(new_k, 1), torch.cat(new_v, 1)
