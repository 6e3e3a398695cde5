"""What a stack weighs of its components, and how its weights are found."""

import numpy as np
import torch
from scipy.optimize import lsq_linear
from torch import Tensor

# Pull of the weights towards 0, in rows; it matters only to components an output has not.
RIDGE = 1.0


def middle_and_ends(logits: Tensor) -> Tensor:
    """
    Splits logits [..., C] into two parts that add up to them, each of which rises with them: one that levels off beyond odds of
    about 10 to 1, and what is left. Weighed apart they bend the curve of a component that says too little or too much of the
    very ill and of the hardly ill. [..., 2 C]
    """
    middle = 2 * torch.tanh(logits / 2)
    return torch.cat([middle, logits - middle], -1)


# Of the time since admission, that the constant of a stack is made of.
POWERS = 3


def stack_terms(components: np.ndarray, elapsed: np.ndarray) -> np.ndarray:
    """
    What a stack weighs: components [N, C], elapsed [N] -> [N, 4 C + POWERS]. First the parts of the components by what is left
    of the window, then by what has passed of it, so that a risk that rises with each component, at all times, is one of
    weights that are not negative.
    """
    e = elapsed[:, None]
    parts = middle_and_ends(torch.from_numpy(components)).numpy()
    return np.concatenate([parts * (1 - e), parts * e, np.ones_like(e), e, e * e], 1)


def fit_stack(terms: np.ndarray, labels: np.ndarray, count: np.ndarray | float = 1.0, offset: np.ndarray | float = 0.0) -> np.ndarray:
    """
    Logistic regression on rows [N, terms] whose labels [N] are known, by Newton's method with weights that are not negative, but
    for the last `POWERS`, those of the constant: what raises a component never lowers the risk. A row may count more or less than one,
    and have an `offset` that is added to its logit as it is; [N] each. Shape [terms].
    """
    known = ~np.isnan(labels)
    x, y = terms[known], labels[known].astype(np.float64)
    count, offset = (np.broadcast_to(each, labels.shape)[known] for each in (count, offset))
    weights = np.zeros(x.shape[1])
    least = np.where(np.arange(len(weights)) < len(weights) - POWERS, 0.0, -np.inf)
    for _ in range(30):
        p = 1 / (1 + np.exp(-(x @ weights + offset)))
        gradient = x.T @ (count * (p - y)) + RIDGE * weights
        hessian = (x * (count * p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(len(weights))
        # The lowest point, within the bounds, of the parabola that has this gradient and curvature here.
        root = np.linalg.cholesky(hessian)
        step = lsq_linear(root.T, root.T @ weights - np.linalg.solve(root, gradient), (least, np.inf), method="bvls").x - weights
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return weights
