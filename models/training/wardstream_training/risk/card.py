"""The model card, written from figures.json and final.json: `python -m wardstream_training.risk.card --config configs/risk.json`. A table of the probe in it is kept."""

import argparse
import json
from pathlib import Path

from .labels import ONSETS
from .train import open_round

NAMES = {
    "model": "this model", "trees": "its trees alone", "attention": "its attention alone", "regression": "its regression alone", "withoutAttention": "this model without attention", "unboundTrees": "trees without directions",
    "logisticRegression": "regression of that hour", "boostedTrees": "boosted trees of that hour", "sumOfBoth": "sum of both", "sofa": "SOFA parts known", "news2": "NEWS2",
    "lowPressure": "mean pressure",
}
WHAT = {"circulatory": "circulatory failure", "hypotension": "hypotension", "respiratory": "respiratory failure", "deterioration": "hypotension or respiratory failure"}
# What was asked of the set that is held out.
ASKED = {"6": 0.815, "12": 0.84, "24": 0.86, "48": 0.89}


def three(values: list[float], places: int = 3) -> str:
    return f"{values[0]:.{places}f} [{values[1]:.{places}f}, {values[2]:.{places}f}]"


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def death_table(figures: dict) -> str:
    rows = []
    for hour, each in figures["death"].items():
        for name, score in each["scores"].items():
            ece = f"{each['ece']:.4f}" if name == "model" else ""
            rows.append([hour, NAMES.get(name, name), three(score["auroc"]), three(score["auprc"]), ece])
    return table(["hours", "", "AUROC", "AUPRC", "ECE"], rows)


def difference_table(figures: dict) -> str:
    rows = []
    for hour, each in figures["death"].items():
        for name, of in each["differences"].items():
            one, other = name.split(" less ")
            if one == "model":
                rows.append([hour, NAMES.get(other, other), three(of["auroc"]), three(of["auprc"])])
    return table(["hours", "this model less", "AUROC", "AUPRC"], rows)


def onset_table(figures: dict) -> str:
    rows = []
    for name in [*ONSETS, "deterioration"]:
        for cohort, each in figures.get(name, {}).items():
            scores = each["scores"]
            best = max(("news2", "lowPressure"), key=lambda other: scores[other]["auroc"][0])
            cells = [f"{scores[part]['auroc'][0]:.3f} / {scores[part]['auprc'][0]:.3f}" for part in ("trees", "attention", best)]
            rows.append([WHAT[name], cohort, f"{each['rows']} at {each['share']:.1%}", f"{three(scores['model']['auroc'])} / {scores['model']['auprc'][0]:.3f}", *cells[:2], f"{NAMES[best]} {cells[2]}", f"{each['ece']:.4f}"])
    return table(["onset within 8 h", "cohort, kind", "hours at risk", "this model", "trees", "attention", "best of NEWS2 and pressure", "ECE"], rows)


def sepsis_table(figures: dict) -> str:
    of = figures["sepsis"]
    rows = [[NAMES[name], three(of[name]["utility"]), three(of[name]["auroc"]), three(of[name]["auprc"])] for name in ("model", "trees", "attention")]
    return table(["", "normalised utility", "AUROC of hours", "AUPRC"], rows)


def worst_groups(figures: dict) -> str:
    """The largest calibration error of any group at each hour."""
    found = {hour: max(each["eceOf"].items(), key=lambda pair: pair[1]) for hour, each in figures["death"].items()}
    return ", ".join(f"{error:.4f} at {hour} h ({group})" for hour, (group, error) in found.items())


COHORTS = {"2012": "both sets of 2012", "2019": "hospital A of 2019", "meds": "the MIMIC-IV demo"}


def across_table(across: dict) -> str:
    rows = []
    for cohort, outputs in across.items():
        for output, each in outputs.items():
            cells = [f"{three(each['scores'][name]['auroc'])} / {each['scores'][name]['auprc'][0]:.3f}" for name in ("without", "with")]
            rows.append([COHORTS[cohort], "death, at 24 h" if output == "death" else WHAT[output], f"{each['stays']}", *cells, f"{each['ece']:.4f}"])
    return table(["cohort left out", "of", "stays", "trees that saw none of it", "trees out of fold that saw it", "ECE of the former"], rows)


def pretraining_text(of: dict | None) -> str:
    """What pretraining is worth; nothing where it was not tried with this version."""
    if of is None:
        return "Pretraining was not tried with this version."
    say = lambda name: three(of[name]["differences"]["pretrained less plain"]["auroc"])
    death = ", ".join(f"{say(f'death {hour}')} at {hour} h" for hour in ASKED)
    return f"""Pretraining: a network that first learnt, without labels, to tell the next hour's values of all stays of all cohorts but those of a fold ({of["passes"]} passes), less the same network without, AUROC on
{len(of["folds"])} folds: death {death}; hypotension {say("hypotension")}, respiratory failure {say("respiratory")}, sepsis {say("sepsis")}. It is not used."""


def card(config: dict, figures: dict, final: dict, across: dict, pretraining: dict | None) -> str:
    at48, at12 = figures["death"]["48"], figures["death"]["12"]
    less = {hour: figures["death"][hour]["differences"]["model less withoutAttention"]["auroc"] for hour in figures["death"]}
    onsets = ", ".join(f"{three(figures[name]['2012 any']['differences']['model less withoutAttention']['auroc'])} {WHAT[name]}" for name in ONSETS)
    worth = ", ".join(f"{three(values)} at {hour} h" for hour, values in less.items())
    reached = ", ".join(f"{figures['death'][hour]['scores']['model']['auroc'][0]:.3f} ({ASKED[hour]} asked of the held-out set) at {hour} h" for hour in ASKED)
    look = ", ".join(f"{three(each['scores']['model']['auroc'])} / {three(each['scores']['model']['auprc'])}, ECE {each['ece']:.4f}, at {hour} h" for hour, each in final["death"].items())
    stays = figures["stays"]
    return f"""# Model card: deterioration {config["version"]}

**Decision support under evaluation, not a cleared medical device.** For adults in intensive care whose charts are watched by staff; not for deciding on treatment, triage or
its limits, nor for use without the values beside it.

- **What it is**: one model of three cohorts in one graph: boosted trees, a network of attention and, of death, a regression, all monotone, stacked by weights that are never negative. No sign that gets
  worse lowers a risk, by construction, in the ranges of `src/clinical/monotone.ts`; no input tells the cohort.
- **What attention is worth** over all else, AUROC of death: {worth}; of onsets in 2012: {onsets}. It attends over the last 48 hours of vital signs and of laboratory
  values, and over these two.
- **What each modality is worth**: vital signs and laboratory values are all it learnt from. Notes count as the facts they state, which become observations; their embeddings are not used, since they hold no
  negation. A picture's finding of pneumonia, where it is a frontal chest radiograph, adds at most 0.2 to the logit of respiratory failure and 0.1 to that of death, half of it after about 6 hours, none after 48.
  That weight is ours: nothing at hand has pictures and outcomes, and the network learnt from children, so **its weight for adults is not known, and small on purpose**.
- **What it says**, at any moment: the probability of death in hospital (`mortality`); of onset within 8 hours of hypotension (mean pressure ≤ 65 mmHg for 30 minutes), of circulatory failure (the same with a lactate
  ≥ 2 mmol/L), of respiratory failure (PaO2/FiO2 < 200, SpO2/FiO2 < 235 without a blood gas, start of ventilation after four hours), of hypotension or respiratory failure (`deterioration`), for those who are not in it; of
  sepsis (Sepsis-3) within 6 hours. Definitions: `src/clinical/onsets.ts`.
- **Data**: {stays["records"]} records of {stays["groups"]} stays. PhysioNet/CinC Challenge 2012, sets A and B (Open Data Commons Attribution 1.0; Silva et al., Computing in Cardiology 2012); Challenge 2019,
  hospital A (CC BY 4.0; Reyna et al., Critical Care Medicine 2020;48:210-217); MIMIC-IV demo (Open Database License 1.0). All records of one stay lie in one fold and weigh 1 together.
- **Which inputs met which labels**: death: what 2012 has; SpO2, chloride, base excess and haemoglobin through the stays that are in both Challenges; INR, ionised calcium, central venous pressure and oxygen flow only in the 140 stays
  of the demo. Hypotension and circulatory failure: all cohorts. Respiratory failure: PaO2 and ventilation in 2012, SpO2 in 2019. Sepsis: 2019 alone, so never a coma scale, urine, sodium, PaO2, weight or cuff.
- **Training**: each output learns from the stays whose cohort knows it. Death learns how ill a stay turned out: 1 for death in hospital, {config["illness"]["diedAfter"][0]["share"]} and {config["illness"]["diedAfter"][1]["share"]} for death within
  {config["illness"]["diedAfter"][0]["days"]} and {config["illness"]["diedAfter"][1]["days"]} days of discharge, up to {config["illness"]["stayed"]["most"]} for a long stay; attention learns {config["hindsightShare"]} of it from hindsight of two days. Whole groups of
  variables go missing in training. Rows are the ends of hours and some of the moments at which values arrive. What a value beyond a critical limit adds at least, where training has little of it, is from
  `src/clinical/extremes.ts`. Seed {config["seed"]}.

## Death in hospital

Out of fold on the {at48["stays"]} to {at12["stays"]} stays of 2012 that are not kept ({at48["deaths"]} deaths), {config["folds"]} folds by stay, [95 % bootstrap interval]. The stack of each fold is fitted on the others. Baselines are of one hour, on the same folds.

{death_table(figures)}

{difference_table(figures)}

AUROC beside what is asked of a set held out elsewhere: {reached}. Largest calibration error of a sex, an age group or a type of unit: {worst_groups(figures)}.

**One look** at the {stays["keptOf2012"]} stays of 2012 that were kept, when nothing was chosen any more, AUROC / AUPRC: {look}.

## Onsets

Out of fold, hours at which the patient is not in it, pooled; AUROC [95 % interval by stay] / AUPRC.

{onset_table(figures)}

## Sepsis

Challenge 2019, hospital A, out of fold by stay; each fold's threshold is the best of the others.

{sepsis_table(figures)}

Calibration error {figures["sepsis"]["ece"]:.4f}.

## Elsewhere

Each cohort left out in turn, with all stays that have a record of it; AUROC [95 % interval by stay] / AUPRC, trees alone. Death is known in 2012 and in the demo only.

{across_table(across)}

{pretraining_text(pretraining)}

## Limits

- Of the death of patients with a pulse oximeter it knows the stays that are in both Challenges; for other hospitals nothing is measured here.
- Two hospitals' charts, 2001 to 2019, adults; no diagnoses, no treatment limits. Ventilation and the order of a lactate are decisions of staff, too.
- After 48 hours death is trained and measured on the linked stays of 2019 alone.
- `wardstream recalibrate` fits it to a site; without it, expect other levels of risk elsewhere.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    of = open_round(parser.parse_args().config)
    told = {name: of.folder / f"{name}.json" for name in ("figures", "final", "across", "pretraining")}
    figures, final, across, pretraining = (json.loads(each.read_text()) if name != "pretraining" or each.exists() else None for name, each in told.items())
    folder = Path(of.base / of.config["output"] / of.config["version"])
    file = folder / "card.md"
    old = file.read_text() if file.exists() else ""
    probe = old[old.index("\n## Probe") :] if "\n## Probe" in old else ""
    file.write_text(card(of.config, figures, final, across, pretraining) + probe)
    (folder / "metrics.json").write_text(json.dumps({"outOfFold": figures, "finalLook": final, "leftOut": across, "pretraining": pretraining}, indent=1) + "\n")
    print(file)


if __name__ == "__main__":
    main()
