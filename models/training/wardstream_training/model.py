"""The causal transformer over hourly steps, an ensemble of it with boosted trees, and the step form with cached keys and values."""

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor, nn
from torch.nn import functional as F

from .risk.stacking import POWERS, middle_and_ends

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
        h = self.encode(x)
        return self.head(h), self.forecast(h)

    def encode(self, x: Tensor) -> Tensor:
        """What each step knows of itself and those before it. [B, S, width]"""
        n = x.shape[1]
        distance = torch.arange(n)[:, None] - torch.arange(n)[None, :]
        age = torch.where((distance >= 0) & (distance < self.steps), distance, self.steps)
        h = self.embed(self.input_dropout(x))
        for layer in self.layers:
            normed = layer.norm1(h)
            bias = layer.table()[age].permute(2, 0, 1)[None]
            h = layer.finish(h, layer.attend(layer.query(normed), layer.key(normed), layer.value(normed), bias))
        return self.norm(h)


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
    of each output the logit is a weighted sum of what its components say near even odds and beyond them (`middle_and_ends`), and
    the weights and the constant move with the time since admission. Components: the mean of the transformers, the trees, the
    linear models.
    """

    def __init__(self, members: list[StepTransformer], trees: list[BoostedTrees], linear: LinearKnots):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.trees = nn.ModuleList(trees)
        self.linear = linear
        # At the beginning of the window, and what they gain over it; of the components' middles, then of their ends.
        self.register_buffer("weights", torch.zeros(2, len(trees), 2 * COMPONENTS))
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
        return (middle_and_ends(self.components(x, of_members)) * weights).sum(2) + constant

    def set_stack(self, output: int, terms: np.ndarray) -> None:
        """Takes over fitted weights of `stack_terms`."""
        values = torch.from_numpy(terms).float()
        at_start, at_end = values[:-POWERS].reshape(2, 2 * COMPONENTS)
        self.weights[:, output] = torch.stack([at_start, at_end - at_start])
        self.constants[:, output] = values[-POWERS:]

    def raw(self, x: Tensor) -> Tensor:
        """Components [B, S, outputs, components] of x [B, S, F]."""
        mean = sum(member(x)[0] for member in self.members) / len(self.members)
        return self.components(x.flatten(0, 1), mean.flatten(0, 1)).unflatten(0, x.shape[:2])

    def forward(self, x: Tensor) -> Tensor:
        """x [B, S, F] -> calibrated logits [B, S, outputs]"""
        mean = sum(member(x)[0] for member in self.members) / len(self.members)
        return self.combine(x.flatten(0, 1), mean.flatten(0, 1)).unflatten(0, x.shape[:2])


class NoteReader(nn.Module):
    """
    Reads a note: what it says of each variable, and how surely. For each variable a learned query attends over the note's
    sentences, or over none of them where none speaks of it. Sentence embeddings [B, S, size] and which places hold one [B, S] ->
    standardised values and logarithms of their variances, [B, variables] each.
    """

    # Variances are of standardised values: from 0.01 to a little above what not reading the note would leave.
    LEAST, MOST = -5.0, 0.3
    # Values are kept as shares of this.
    CLIP = 5.0

    def __init__(self, size: int, variables: int, width: int):
        super().__init__()
        self.variables = variables
        self.gain = size**0.5  # embeddings have length 1
        self.hidden = nn.Linear(size, width)
        self.out = nn.Linear(width, 3 * variables)
        self.unread = nn.Parameter(torch.zeros(variables))

    def forward(self, sentences: Tensor, held: Tensor) -> tuple[Tensor, Tensor]:
        scores, values, spreads = self.out(F.gelu(self.hidden(sentences * self.gain))).split(self.variables, 2)
        scores = scores + (1 - held)[..., None] * MASKED
        shares = torch.softmax(torch.cat([scores, torch.zeros_like(scores[:, :1])], 1), 1)
        told, untold = shares[:, :-1], shares[:, -1]
        value = (told * values).sum(1)
        spread = (told * spreads).sum(1) + untold * self.unread
        return value, spread.clamp(self.LEAST, self.MOST)

    def reading(self, sentences: Tensor, held: Tensor) -> Tensor:
        """What is kept of a note: values as shares of `CLIP`, then how sure each is, 0 to 1. [B, 2 * variables]"""
        value, spread = self(sentences, held)
        return torch.cat([(value / self.CLIP).clamp(-1, 1), (1 - torch.exp(spread)).clamp(0, 1)], 1)


class ReaderGraph(nn.Module):
    """One note: sentences [S, size] -> reading [2 * variables]."""

    def __init__(self, reader: NoteReader):
        super().__init__()
        self.reader = reader

    def forward(self, sentences: Tensor) -> Tensor:
        return self.reader.reading(sentences[None], torch.ones_like(sentences[None, :, 0]))[0]


class Fusion(nn.Module):
    """
    What is missing of the vital signs in a row, by the newest note and the newest image. A query made of the structured token
    attends over the tokens of the row, the note and the image; what comes of it is mapped to a change of the columns that vital
    signs make. Rows are filled only where no vital sign has been charted for longer than `LOST` hours and the note or image is newer than all of them.
    """

    LOST = 2.0

    def __init__(self, features: int, variables: int, image: int, columns: np.ndarray, vitals: np.ndarray, perVariable: int, width: int, dropout: float):
        """`columns`: those that vital signs make; `vitals`: places of the vital signs among the variables."""
        super().__init__()
        last, age, seen = (np.arange(variables) * perVariable + place for place in (0, 3, 4))
        self.sizes = [features, 2 * variables + 2, image + 2]
        self.variables = variables
        keep = lambda name, value: self.register_buffer(name, torch.from_numpy(np.asarray(value, dtype=np.int64)))
        keep("last", last)
        keep("age", age[vitals])
        keep("seen", seen[vitals])
        # Of each column of the row, which place of the change it takes; the place behind the last is 0.
        place = np.full(features, len(columns))
        place[columns] = np.arange(len(columns))
        keep("place", place)
        inputs = [features, 3 * variables + 1, image + 1]
        self.tokens = nn.ModuleList(nn.Linear(size, width) for size in inputs)
        # What embeddings of images are centred and scaled by.
        self.register_buffer("shift", torch.zeros(image))
        self.register_buffer("gain", torch.ones(image))
        self.input_dropout = nn.Dropout(dropout)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.first = nn.Linear(2 * width, 2 * width)
        self.second = nn.Linear(2 * width, len(columns))
        self.plain = nn.Linear(inputs[1], len(columns))
        for layer in (self.second, self.plain):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def standardise(self, images: np.ndarray) -> None:
        self.shift.copy_(torch.from_numpy(images.mean(0)))
        self.gain.copy_(torch.from_numpy(1 / (images.std(0) + 1e-3)))

    def change(self, x: Tensor, text: Tensor, image: Tensor) -> Tensor:
        """Change of the columns of vital signs [N, columns]: what follows from the documents less what would from silent ones."""
        values, sure, age = text[:, : self.variables] * NoteReader.CLIP, text[:, self.variables : -2], text[:, -2:-1]
        note = torch.cat([sure * (values - x[:, self.last]), sure, sure * values, age], 1)
        picture = torch.cat([(image[:, :-2] - self.shift) * self.gain, image[:, -2:-1]], 1)
        token = torch.tanh(self.tokens[0](self.input_dropout(x)))
        absent = torch.cat([torch.zeros_like(age), 1 - text[:, -1:], 1 - image[:, -1:]], 1)
        silent = [torch.cat([torch.zeros_like(each[:, :-1]), each[:, -1:]], 1) for each in (note, picture)]
        return self.attend(token, absent, note, picture) - self.attend(token, absent, *silent)

    def changed(self, x: Tensor, change: Tensor) -> Tensor:
        """Rows [N, F] with the change of the columns of vital signs [N, columns]."""
        return x + torch.cat([change, torch.zeros_like(change[:, :1])], 1)[:, self.place]

    def attend(self, token: Tensor, absent: Tensor, note: Tensor, picture: Tensor) -> Tensor:
        """The structured token [N, W], which tokens are absent [N, 3], and the documents -> [N, columns]"""
        tokens = torch.stack([token, torch.tanh(self.tokens[1](note)), torch.tanh(self.tokens[2](picture))], 1)
        scores = (self.key(tokens) * self.query(token)[:, None]).sum(2) / token.shape[1] ** 0.5
        shares = torch.softmax(scores + absent * MASKED, 1)
        fused = (shares[:, :, None] * self.value(tokens)).sum(1)
        hidden = F.gelu(self.first(torch.cat([fused, token], 1)))
        return self.second(hidden) + shares[:, 1:2] * self.plain(note)

    def is_lost(self, x: Tensor, text: Tensor, image: Tensor) -> Tensor:
        """Whether rows are filled. [N, 1]"""
        # Of what was never charted, above all ages, which are ln(1 + hours) / 4; of a document that is not there, far above that.
        newest = (x[:, self.age] + (1 - x[:, self.seen]) * 9.0).min(1, keepdim=True).values
        ages = [part[:, -2:-1] + (1 - part[:, -1:]) * -MASKED for part in (text, image)]
        document = torch.minimum(*ages)
        return (newest > document) & (newest > float(np.log1p(self.LOST) / 4))


class MeanFusion(nn.Module):
    """
    Fusions fitted from different seeds: rows [N, F + text + image] -> rows [N, F], filled by the mean of what they would fill in. A
    row that is not to be filled comes out as it went in, to the bit.
    """

    def __init__(self, members: list[Fusion]):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.sizes = members[0].sizes

    def forward(self, row: Tensor) -> Tensor:
        x, text, image = torch.split(row, self.sizes, 1)
        change = sum(member.change(x, text, image) for member in self.members) / len(self.members)
        first = self.members[0]
        return torch.where(first.is_lost(x, text, image), first.changed(x, change), x)


class StepGraph(nn.Module):
    """
    One token a row: x [B, F], cache k and v [B, layers, slots, W], age [B, slots] (distance in steps of each slot, 1 to
    slots - 1; `slots` where empty) to logit [B, outputs], and the token's own keys and values [B, layers, W]. `layers`
    counts those of all members, one member after the other.
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
        logit = self.ensemble.combine(x, sum(logits) / len(logits))
        return logit, torch.cat(new_k, 1), torch.cat(new_v, 1)
