"""
Scores stays of 2012 by the product, each with the model that did not see it: `python -m wardstream_training.risk.served --config configs/risk.json --stays SET-A SET-B --out DIR`.
DIR/set-x then has links to the stays of the folds, DIR/Outcomes-x.txt how they ended, and DIR/scores.avro is for `wardstream tune`, `validate` and `recalibrate`
with `--from physionet2012:DIR/set-x --scores DIR/scores.avro --config DIR/fold-4.yaml`. The models are those of `export --without N --out DIR/models`.
"""

import argparse
import json
import subprocess
from pathlib import Path

from .train import Round, open_round


def link_stays(of: Round, sources: list[Path], out: Path, fold: int) -> int:
    """Links the stays of a fold and of those before it, and writes how they ended."""
    ids = {each["id"] for each, place in zip(of.rows.stays, of.split.fold) if 0 <= place <= fold and "2012" in each["source"]}
    folder = out / "set-x"
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for source in sources:
        outcomes = (source.parent / f"Outcomes-{source.name.removeprefix('set-')}.txt").read_text().splitlines()
        lines += [each for place, each in enumerate(outcomes) if (place == 0 and not lines) or each.split(",")[0] in ids]
        for file in source.glob("*.txt"):
            link = folder / file.name
            if file.stem in ids and not link.exists():
                link.symlink_to(file.resolve())
    (out / "Outcomes-x.txt").write_text("\n".join(lines) + "\n")
    return len(ids)


def continue_with(scores: Path, before: dict, model: dict) -> None:
    """Says that the scores so far are of the model that goes on: every stay is scored by the one that did not see it."""
    (scores.parent / f"{scores.name}.json").unlink()
    told = scores.read_bytes()
    for name in ("version", "sha256"):
        old, new = before[name].encode(), model[name].encode()
        if len(old) != len(new) or told.count(old) != 1:
            raise ValueError(f"{scores}: {name} {before[name]} is not there once, or {model[name]} is of another length")
        told = told.replace(old, new)
    scores.write_bytes(told)
    scores.rename(scores.with_name(f"{scores.name}.part"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--stays", nargs="+", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--wardstream", nargs="+", default=["npx", "wardstream"], help="how the product is started")
    arguments = parser.parse_args()
    of, out = open_round(arguments.config), arguments.out.resolve()
    scores, before = out / "scores.avro", None
    for fold in range(of.config["folds"]):
        version = f"{of.config['version']}-fold-{fold}"
        model = json.loads((out / "models" / version / "config.json").read_text())
        stays = link_stays(of, arguments.stays, out, fold)
        settings = out / f"fold-{fold}.yaml"
        settings.write_text(f"model:\n  directory: {out / 'models'}\n  version: {version}\n")
        if before is not None:
            continue_with(scores, before, model)
        subprocess.run([*arguments.wardstream, "replay", "--from", f"physionet2012:{out / 'set-x'}", "--scores", str(scores), "--config", str(settings), "--json"], check=True)
        before = model
        of.say(f"{stays} stays")


if __name__ == "__main__":
    main()
