"""The model card, written from the measured figures."""

NAMES = {"model": "this model", "logisticRegression": "logistic regression", "boostedTrees": "boosted trees"}


def card(config: dict, metrics: dict) -> str:
    """Markdown of card.md."""
    return f"""# Model card: deterioration {config["version"]}

**Decision support under evaluation, not a cleared medical device.**

- **What it says**: the calibrated probability that the patient dies in hospital, at any moment of the first 48 hours of
  an ICU stay and, by a sliding window of 48 hours, after them (not validated there).
- **What it is**: {config["members"]} causal transformers over hourly steps (width {config["model"]["width"]}, {config["model"]["layers"]} layers, {config["model"]["heads"]} heads), run one token at a time
  against cached keys and values, and {config["trees"]["iterations"]} boosted trees on the current row, in one graph: their mean logit plus {config["trees"]["share"]} of the
  trees'. Input: the features of `src/features/encoder.ts`. Notes and images are not used.
- **Data**: PhysioNet/Computing in Cardiology Challenge 2012, set A ({metrics["stays"]} ICU stays of one US hospital, adults, first 48 h,
  {metrics["deaths"]} deaths in hospital). Open Data Commons Attribution License 1.0; Silva et al., Computing in Cardiology 2012;39:245-248.
- **Training**: soft targets (weight {config["training"]["teacherWeight"]}) of boosted trees and logistic regression that did not see the stay, a forecast of the next
  hour's values beside them (weight {config["training"]["forecastWeight"]}), mixup, dropout of units, inputs and whole variables, averaged weights,
  {config["training"]["epochs"]} passes. Settings were compared on two other splits of the same stays (`models/README.md`), so the figures
  below may be slightly optimistic. Seed {config["seed"]}.

## Figures

{config["folds"]}-fold cross-validation by patient on set A, out-of-fold scores of all stays pooled, [95 % bootstrap interval].
Score1 is min(sensitivity, PPV), threshold set on the other folds. The standardisation of the inputs (mean, spread; no
labels) is of all stays; Platt scaling with a square and a cube is fitted on the pooled out-of-fold scores, so calibration
is in-sample.

{table(metrics)}

SAPS-I as given with the data: AUROC {interval(metrics["saps1"]["auroc"])}, Score1 {interval(metrics["saps1"]["score1"])}.

{verdict(metrics)}

## Limits

- Trained on hourly charting. Features do not grow with the density of a feed; what a feed of every minute does to the scores is measured
  on the simulator only (`npm run -s bench -- density`, figures in README), which is not a validated patient.
- One hospital, 2001 to 2008, adults; no drugs, no diagnoses, no treatment limits. It learns who died there, not why.
- Trained on values as of the end of each hour; scores within an hour are of the same graph on a partly filled step.
- After 48 hours, in wards other than ICUs, in children: not evaluated. Subgroups: not evaluated yet.
- Late data older than the newest closed step of a stay over 48 h is recomputed with one old step fewer in view.

## Reproduce

See `models/README.md`.
"""


def table(metrics: dict) -> str:
    rows = ["| hours | | AUROC | AUPRC | Score1 | ECE |", "| --- | --- | --- | --- | --- | --- |"]
    for hour, row in metrics["hours"].items():
        for name, label in NAMES.items():
            cells = [interval(row[name][key]) for key in ("auroc", "auprc", "score1")]
            rows.append(f"| {hour} | {label} | {' | '.join(cells)} | {row[name].get('ece', '')} |")
    return "\n".join(rows)


def verdict(metrics: dict) -> str:
    """Where the model is below a baseline, in words."""
    below = [
        f"at {hour} h below {NAMES[other]} ({key.upper()} {row['model'][key][0]:.3f} against {row[other][key][0]:.3f})"
        for hour, row in metrics["hours"].items()
        for other in ("logisticRegression", "boostedTrees")
        for key in ("auroc", "auprc")
        if row["model"][key][0] < row[other][key][0]
    ]
    if not below:
        return "It is above both baselines in AUROC and AUPRC at every hour."
    return "Where it is not better, by the point estimates: " + "; ".join(below) + "."


def interval(values: list[float]) -> str:
    value, low, high = values
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
