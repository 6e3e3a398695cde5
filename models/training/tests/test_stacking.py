"""The last stage: what raises a component never lowers the risk, and the curve can bend."""

import numpy as np
import torch

from wardstream_training.risk.stacking import fit_stack, middle_and_ends, stack_terms


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def rows(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Components of a true risk that is known with noise, and the time since admission."""
    rng = np.random.default_rng(seed)
    true = rng.normal(-1.5, 1.5, count)
    return np.stack([true, true + rng.normal(0, 1, count), true + rng.normal(0, 2, count)], 1), rng.random(count)


def test_stack_finds_the_weights_that_made_the_labels():
    rng = np.random.default_rng(3)
    terms = np.concatenate([rng.normal(size=(40_000, 2)), np.ones((40_000, 1)), rng.normal(size=(40_000, 2))], 1)
    labels = (rng.random(40_000) < sigmoid(terms @ [1.0, 0.5, -1.0, -0.5, 0.0])).astype(np.float64)
    labels[::7] = np.nan
    assert np.abs(fit_stack(terms, labels) - [1.0, 0.5, -1.0, -0.5, 0.0]).max() < 0.05


def test_both_parts_of_a_logit_rise_with_it_and_add_up_to_it():
    logits = torch.linspace(-9, 9, 181, dtype=torch.float64)[:, None]
    parts = middle_and_ends(logits)
    assert torch.allclose(parts.sum(1, keepdim=True), logits)
    assert (parts.diff(dim=0) > -1e-12).all()


def test_no_component_lowers_the_risk_even_where_the_labels_say_so():
    components, elapsed = rows(20_000, 1)
    rng = np.random.default_rng(1)
    labels = (rng.random(20_000) < sigmoid(components[:, 0] - components[:, 1])).astype(np.float64)
    weights = fit_stack(stack_terms(components, elapsed), labels)
    before = stack_terms(components, elapsed) @ weights
    for component in range(3):
        higher = components.copy()
        higher[:, component] += rng.exponential(2, 20_000)
        assert (stack_terms(higher, elapsed) @ weights - before > -1e-9).all()


def test_a_component_that_says_too_little_of_both_ends_is_bent():
    said = rows(60_000, 2)[0][:, 0]
    true = 0.4 * said + 1.2 * (said - 2 * np.tanh(said / 2))
    labels = (np.random.default_rng(2).random(60_000) < sigmoid(true)).astype(np.float64)
    components, elapsed = np.stack([said, 0 * said, 0 * said], 1), np.full(60_000, 0.5)

    def furthest(terms: np.ndarray) -> float:
        """The largest error of the risk in tenths of what was said."""
        error = sigmoid(terms @ fit_stack(terms, labels)) - sigmoid(true)
        return max(abs(error[part].mean()) for part in np.array_split(np.argsort(said), 10))

    straight = np.stack([said, *[np.ones(60_000)] * 3], 1)
    assert furthest(stack_terms(components, elapsed)) < 0.01 < 0.03 < furthest(straight)
