"""The model card, written from the measured figures."""

from .evaluate import BASELINES

NAMES = {
    "model": "this model",
    "logisticRegression": "logistic regression on summaries",
    "boostedTrees": "boosted trees on summaries, of each hour",
    "logisticRegressionDerived": "logistic regression, with derived quantities",
    "boostedTreesDerived": "boosted trees, with derived quantities",
    "sofa": "SOFA parts known",
    "news2": "NEWS2",
}
SIGNALS = {"model": "this model", "boostedTrees": "boosted trees on the same features", "news2": "NEWS2", "map": "MAP alone", "spo2": "SpO2 alone"}
ENDPOINT_NAMES = {"circulatory": "circulatory failure", "respiratory": "respiratory failure", "deterioration": "either (deterioration)"}
TARGETS = {"6": 0.81, "12": 0.835, "24": 0.86, "48": 0.88}


def card(config: dict, metrics: dict, fused: bool) -> str:
    """Markdown of card.md."""
    trees = config["trees"]
    return f"""# Model card: deterioration {config["version"]}

**Decision support under evaluation, not a cleared medical device.** Intended for adult patients of intensive-care units whose
charts are watched by staff; not for deciding on treatment, triage or its limits, nor for use without the values beside it.

- **What it says**, at any moment of the first 48 hours of an ICU stay and, by a sliding window of 48 hours, after them (not
  validated there): the probability that the patient dies in hospital (`mortality`), and that circulatory failure, respiratory
  failure or either (`deterioration`) begins within 8 hours. Endpoints: `src/clinical/endpoints.ts`, after Hyland et al. 2020
  and Hüser et al. 2024; set A has no drugs, so circulatory failure is hypotension with raised lactate only.
- **What it is**: {config["members"]} causal transformers over hourly steps (width {config["model"]["width"]}, {config["model"]["layers"]} layers, {config["model"]["heads"]} heads), run one token at a time
  against cached keys and values; boosted trees on the current row ({2 * trees["iterations"]} for mortality, {trees["iterations"]} for each onset); linear models of the
  row's summary and its squares at eight hours, interpolated; stacked with weights that move with the time since admission and with how far from even
  odds a component is, so that the curve bends at both ends, and none of which is negative: what raises a component never lowers the risk. One graph.
- **Data**: PhysioNet/Computing in Cardiology Challenge 2012, set A ({metrics["stays"]} ICU stays of one US hospital, adults, first 48 h,
  {metrics["deaths"]} deaths in hospital). Open Data Commons Attribution License 1.0; Silva et al., Computing in Cardiology 2012;39:245-248.
- **Training**: linear models and transformers learn at every hour what is known in hindsight (privileged information; Lopez-Paz
  et al., ICLR 2016): {config["teacherWeight"]} of their target is what boosted trees and logistic regression that did not see the stay say of its whole 48 hours, the
  rest, and the whole of what the trees learn, how it ended: death in hospital 1; of survivors, death within {" and ".join(f"{each['days']} days of discharge {each['share']}" for each in config["illness"]["diedAfter"])}, and long stays up to {config["illness"]["stayed"]["most"]}.
  Death in hospital alone, of which the figures are, is what the stack learns and, for a share that grows to {config["linear"]["mostOutcome"]} at the end of the window, the linear models. The transformers{pretrained(config)} learn the onsets and a forecast of the next hour's values beside it; mixup,
  dropout of units, inputs and whole variables (the Glasgow coma scale more often), averaged weights, {config["training"]["epochs"]} passes. Settings were
  compared on other splits of the same stays, those of the last stage on these too (`models/README.md`). Seed {config["seed"]}.
{fusion(metrics, fused)}
## Figures: death in hospital

{config["folds"]}-fold cross-validation by patient on set A, out-of-fold scores of all stays pooled, [95 % bootstrap interval].
Score1 is min(sensitivity, PPV), threshold set on the other folds. The stack, which calibrates too, is fitted for each fold on the
out-of-fold scores of the others, so ECE (ten bins of equal count) is not in-sample. The standardisation of the inputs (mean,
spread; no labels) is of all stays{flattery(config)}. Baselines on the same folds.

{table(metrics)}

SAPS-I as given with the data: AUROC {interval(metrics["saps1"]["auroc"])}, Score1 {interval(metrics["saps1"]["score1"])}.

{verdict(metrics)}

Reliability, predicted / observed share of deaths in tenths of rising risk:

{reliability(metrics)}

## Figures: onset within 8 hours

Event-based, after Hyland et al. 2020, by the rules of `src/study/alarms.ts`, at scores of the end of each hour: an alarm is
followed by 30 minutes of silence, an event counts as caught if alarmed between 8 hours and 5 minutes before, events in the
first hour do not count. Thresholds are the highest that reach the recall. AUROC and AUPRC are of hours: onset within 8 hours or not,
hours during an event left out. The boosted trees are a component of this model, evaluated alone.

{onset_table(metrics)}

{onset_verdict(metrics)}

## Limits

- Trained on hourly charting. Features do not grow with the density of a feed; what a feed of every minute does to the scores is measured
  on the simulator only (`npm run -s bench -- density`, figures in README), which is not a validated patient.
- One hospital, 2001 to 2008, adults; no drugs, no diagnoses, no treatment limits. It learns who died there, not why.
- Ventilation starts count as respiratory failure; they are decisions, too.
- Trained on values as of the end of each hour; scores within an hour are of the same graph on a partly filled step.
- Without the Glasgow coma scale, at 24 h: AUROC 0.829 instead of 0.847 (out of fold on set A, all its values taken out of the rows).
- After 48 hours, in wards other than ICUs, in children: not evaluated. Of the last 8 of 48 hours it is not
  known what came after them: training and figures leave them out.
- Late data older than the newest closed step of a stay over 48 h is recomputed with one old step fewer in view.

## Probe

Whether an alarm comes when a single sign of a stable patient turns bad, whether each risk sees it, and whether false values are
believed. The alarms are the product's, not the model's; `docs/validation.md` says how it is done.

<!-- probe -->

Not probed yet: `wardstream probe --from … --model … --into card.md` writes it here.

<!-- /probe -->

## Reproduce

See `models/README.md`.
"""


def fusion(metrics: dict, fused: bool) -> str:
    """What notes and images do."""
    if not fused:
        return "- **Notes and images** are not used by this version; what a fusion with them gained is in `models/README.md`.\n"
    tried = metrics["fusion"]
    at, new = tried["figures"], tried["newNotes"]
    share = lambda row: f"{row['value']:.0%} [{row['interval'][0]:.0%}, {row['interval'][1]:.0%}]"
    auroc = lambda name: f"{at[name]['value']:.4f}"
    least = min(row[f"gainBy{kind}Note"]["value"] for row in (at, new) for kind in ("Other", "Empty"))
    return f"""- **Notes and images** fill what is missing: where no vital sign has been charted for more than two hours, and a note or an image is newer
  than all of them, the columns that vital signs make are changed before the model above sees the row. A reader (`models/text`) attends over the
  sentences of the note, with a query for each variable, and says its value and how sure it is; within the step a query made of the row attends over the
  tokens of the row, the newest note and the newest image; what comes of it, in the mean of two fusions fitted from different seeds, becomes the change. Across the steps the transformers attend to
  the filled rows. Any other row, and every row without a note or an image, comes out as it went in, to the bit, so all figures below hold. **No public
  set pairs these patients with notes and images. It was trained on semi-synthetic pairings**: notes generated from the values observed so far, without
  looking ahead, every two to four hours and when something gets worse, with the vital signs as numbers; and X-rays drawn from PneumoniaMNIST (children; CC BY
  4.0) by the respiratory state of the hour. It has never seen a note that a person wrote about these patients, nor an image of them. Experimental: not the default model.
- **Limits of the fusion**: vital signs that a note states as numbers are read as they stand; of other words the reader knows the phrases of the generator and little else (`models/text`). A note that contradicts the chart is believed less, and so
  is one that tells of a sudden change: of a stay made up for the test (`test/engine/fused.test.ts`; coma scale 12, risk 0.076 without vital signs for five hours), a note of hypotension
  with tachycardia raises the risk to 0.118 and one of a stable patient lowers it to 0.058, but one of deep coma, shock and fever at once raises it less (0.090 to 0.094, by its words), no more
  than a coma scale of 6 instead of 12 alone (0.094); one of the values charted before raises it to 0.080, and "Family updated", which tells nothing, makes it 0.075, since the reader is not quite sure that it tells nothing. **So do not rely on it to see a patient get worse.** Rows filled
  by two sums that round differently may fall on either side of a tree's split, so scores of filled rows may differ by more than 1e-5 between runtimes.
- **What the fusion does**, at 48 h on {tried["stays"]} stays with a note in the last {tried["hours"]} hours (newest note {tried["noteAge"]} h old on average), reader and fusion fitted on the other
  half of the stays; AUROC of death {tried.get("scoredBy", "by the model out of fold")}: whole rows {auroc("whole")}; without the vital signs of the last {tried["hours"]} hours {auroc("lost")}, with the own note
  {auroc("lostOwnNote")}, with another patient's {auroc("lostOtherNote")}, with an image {auroc("lostImage")}. The own note restores {share(at["restoredByOwnNote"])} of what was lost, another patient's
  {share(at["restoredByOtherNote"])}, one that tells nothing {share(at["restoredByEmptyNote"])}; where the newest note is at most {tried["newHours"]} h old ({tried["newStays"]} stays) the own one restores {share(new["restoredByOwnNote"])}. A contradicting or
  empty note costs {max(0.0, -least):.4f}; on whole rows notes and images change the AUROC by {at["gainOnWholeByOwnNote"]["value"]:+.4f}, another's note by {at["gainOnWholeByOtherNote"]["value"]:+.4f}.
"""


def reader_card(version: str, encoder: str, quality: dict, size: int) -> str:
    rows = "\n".join(f"| {name} | {value:.2f} |" for name, value in sorted(quality.items(), key=lambda each: -each[1]))
    return f"""# Note reader {version}

Reads a note: from the embeddings of its sentences (`{encoder}`), what it says of each variable and how surely. For each variable a learned
query attends over the sentences, or over none of them where none speaks of it. {round(size / 1000)} KB as ONNX. Vital signs that a sentence states as a number are taken from
its text instead, surely (`src/encoders/stated-values.ts`): heart rate, pressures, breathing rate, temperature, coma scale, FiO2; not from a sentence of the past, of goals, bounds or extremes.

- **Intended use**: input of a fusion model that asks for it (`modalities.text` of its config.json). Decision support under evaluation, not a cleared
  medical device. Not for taking values out of notes for people to read.
- **Input**: `sentences` [n, embedding], one note. **Output**: `reading` [2 × variables]: of each variable the standardised value (centre and scale of the
  model's config.json) as a share of 5, then of each how sure it is, 0 to 1.
- **Data**: notes generated from set A's values (`wardstream features --notes`), targets the values charted by the end of the note's hour, at most 8 h old.
  **It has never seen a note that a person wrote**, and knows the phrases of one generator (`src/simulate/shorthand.ts`).

## Figures

R² of the value read or stated, on notes of stays it was not fitted on. What no sentence tells (sodium, weight) cannot be read. A chart value newer than the note, and what the note leaves out, count against it.

| variable | R² |
| --- | --- |
{rows}

## Limits

It knows phrases, not language: on 25 sentences of ours in other words the value read was 0.56 standard deviations off on average (always saying the mean: 1.32), most of them stated as numbers; from the embeddings
alone it was 1.14. On ten in the generator's words 0 (0.66 from the embeddings alone; 1.35), by `npm run -s bench -- reading`. "No response to pain at all" tells it nothing.
A number is taken by its label: whose it is, or when it was, it knows only by a short list of words ("was", "goal", "overnight"). Misspellings and negation were not measured. English only.
"""


def pretrained(config: dict) -> str:
    passes = config["pretraining"]["epochs"]
    return (
        f", pretrained without labels on all stays for {passes} passes (they told the values of hours taken out, of the next hour and of 8 hours on),"
        if config["training"]["pretrained"] else ""
    )


def flattery(config: dict) -> str:
    if not config["training"]["pretrained"]:
        return ""
    return (
        ", and so is pretraining (their rows, no outcomes): where it left out the stays tested, one transformer's AUROC was 0.002, 0.002 and 0.001 lower at 6, 12 and\n"
        "24 h and the same at 48 h, on two parts of other folds"
    )


def table(metrics: dict) -> str:
    rows = ["| hours | | AUROC | AUPRC | Score1 | ECE |", "| --- | --- | --- | --- | --- | --- |"]
    for hour, row in metrics["hours"].items():
        for name, label in NAMES.items():
            cells = [interval(row[name][key]) for key in ("auroc", "auprc", "score1")]
            rows.append(f"| {hour} | {label} | {' | '.join(cells)} | {row[name].get('ece', '')} |")
    return "\n".join(rows)


def reliability(metrics: dict) -> str:
    hours = list(metrics["hours"])
    rows = ["| tenth | " + " | ".join(f"{hour} h" for hour in hours) + " |", "| --- |" + " --- |" * len(hours)]
    for tenth in range(10):
        bins = [metrics["hours"][hour]["model"]["reliability"][tenth] for hour in hours]
        rows.append(f"| {tenth + 1} | " + " | ".join(f"{each['predicted']:.3f} / {each['observed']:.3f}" for each in bins) + " |")
    return "\n".join(rows)


def onset_table(metrics: dict) -> str:
    rows = [
        "| onset of | | AUROC | AUPRC | at recall | precision | alarms per patient-hour | median lead (h) |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, result in metrics["onset"].items():
        for signal, label in SIGNALS.items():
            for recall in ("0.9", "0.5") if signal in ("model", "boostedTrees") else ("0.9",):
                at = result[signal]["atRecall"][recall]
                cells = [f"{result[signal][key]:.3f}" for key in ("auroc", "auprc")]
                lead = '' if at['medianLeadHours'] is None else f"{at['medianLeadHours']:.1f}"
                cells += [f"{at['recall']:.2f}", f"{at['precision']:.3f}", f"{at['alarmsPerPatientHour']:.3f}", lead]
                rows.append(f"| {ENDPOINT_NAMES[name]} | {label} | {' | '.join(cells)} |")
    return "\n".join(rows)


def onset_verdict(metrics: dict) -> str:
    """Against the aim of the event-based evaluation, in words."""
    lines = ["The aim was, at recall 0.90, 1.5 times the precision of the best baseline and fewer than 0.1 alarms per patient-hour:"]
    for name, result in metrics["onset"].items():
        own = result["model"]["atRecall"]["0.9"]
        others = {signal: result[signal]["atRecall"]["0.9"]["precision"] for signal in SIGNALS if signal != "model" and reaches(result[signal])}
        best = max(others, key=others.get)
        charted = max((signal for signal in others if signal != "boostedTrees"), key=others.get, default=None)
        text = f"- {ENDPOINT_NAMES[name]}: {own['precision'] / others[best]:.2f} times {SIGNALS[best]}"
        if charted is not None and charted != best:
            text += f", {own['precision'] / others[charted]:.2f} times {SIGNALS[charted]}"
        lines.append(text + f"; {own['alarmsPerPatientHour']:.2f} alarms per patient-hour; calibrated to an ECE of {result['model']['ece']} over all hours.")
    return "\n".join(lines)


def reaches(result: dict) -> bool:
    """Whether a signal reaches the recall at all, by hours at which it is known."""
    return result["atRecall"]["0.9"]["recall"] >= 0.9


def verdict(metrics: dict) -> str:
    """Where the model is below a baseline or its target by the point estimates, in words."""
    below = []
    for hour, row in metrics["hours"].items():
        for key, label in (("auroc", "AUROC"), ("auprc", "AUPRC"), ("score1", "Score1")):
            better = [f"{NAMES[other]} {row[other][key][0]:.3f}" for other in BASELINES if row["model"][key][0] < row[other][key][0]]
            if better:
                below.append(f"{label} at {hour} h ({row['model'][key][0]:.3f}; {'; '.join(better)})")
    text = "Its AUROC, AUPRC and Score1 are above those of logistic regression and boosted trees, with and without derived quantities, at every hour"
    text += f", but for {', '.join(below)}." if below else "."
    targets = ", ".join(f"{metrics['hours'][hour]['model']['auroc'][0]:.3f} ({value} at {hour} h)" for hour, value in TARGETS.items() if hour in metrics["hours"])
    return f"{text} AUROC beside the targets set for the held-out set: {targets}."


def interval(values: list[float]) -> str:
    value, low, high = values
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
