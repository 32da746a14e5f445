"""How well roadseg follows ONNX Runtime on every network of the zoo, exported every way: prints the table of README.md.

    venv/bin/python make_zoo.py --work /tmp/zoo
    venv/bin/python conformance.py --work /tmp/zoo --roadseg ../../.build/release/roadseg [NETWORK ...]

Each model goes through one `roadseg quantize` on Pictures/calibration-*.png with the defaults. Then `roadseg evaluate`
scores the int8 model, and the float one, against the class maps of ONNX Runtime running the float model: its pixel
accuracy is the agreement. Models of free height and width are run at another size than they were exported at.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image

from make_zoo import HERE, class_maps
from recipe import scene
from recipe.catalogue import BY_NAME, ENTRIES
from recipe.export import VARIANTS

NEEDED = 97.0


class Failure(Exception):
    pass


def roadseg(binary, *arguments):
    result = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode:
        raise Failure(result.stderr.strip() or f"exit code {result.returncode}")
    return result.stdout


def lay_out(folder, model, entry, size):
    """Pictures and ONNX Runtime's classes at the network's size, and the lists that roadseg reads."""
    maps = class_maps(model, size)
    calibration, pairs = [], []
    for file in sorted((HERE / "Pictures").glob("*.png")):
        Image.fromarray(scene.fit(np.asarray(Image.open(file)), size)).save(folder / file.name)
        if file.name.startswith("calibration"):
            calibration.append(file.name)
        else:
            label = f"classes-{len(pairs)}.png"
            Image.fromarray(maps[len(pairs)]).save(folder / label)
            pairs.append(f"{file.name} {label}")
    (folder / "calibration.txt").write_text("\n".join(calibration))
    (folder / "evaluation.txt").write_text("\n".join(pairs))
    (folder / "classes.tsv").write_text(scene.class_table(entry.classes))


def agreement(binary, folder, model, *arguments):
    printed = roadseg(
        binary, "evaluate", "--model", model, "--list", folder / "evaluation.txt", "--classes", folder / "classes.tsv",
        "--json", *arguments,
    )
    return 100 * json.loads(printed)["pixel_accuracy"]


def conform(binary, entry, variant, model, extra):
    """Agreement of roadseg's float and of its int8 arithmetic with ONNX Runtime, percent."""
    size = entry.other if variant.endswith("dynamic") else entry.size
    bound = ["--size", f"{size[1]}x{size[0]}"] if variant.endswith("dynamic") else []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        try:
            lay_out(folder, model, entry, size)
        except Exception as error:
            print(f"{entry.name} {variant}: ONNX Runtime cannot run it: {str(error)[:300]}", flush=True)
            return None
        figures = []
        try:
            figures.append(agreement(binary, folder, model, *bound))
        except Failure as failure:
            print(f"{entry.name} {variant} float: {failure}", flush=True)
            figures.append(None)
        try:
            roadseg(
                binary, "quantize", model, "--calibration", folder / "calibration.txt", "--classes",
                folder / "classes.tsv", "--output", folder / "int8.onnx", *bound, *extra,
            )
            figures.append(agreement(binary, folder, folder / "int8.onnx"))
        except Failure as failure:
            print(f"{entry.name} {variant} int8: {failure}", flush=True)
            figures.append(None)
    return figures


def cell(figure):
    if figure is None:
        return "fails"
    return f"{figure:.2f}" if figure >= NEEDED else f"**{figure:.2f}**"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--roadseg", default=str(HERE.parent.parent / ".build/release/roadseg"))
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS))
    parser.add_argument("--quantize", nargs="*", default=[],
                        help="further words for roadseg quantize, as --quantize=--report")
    parser.add_argument("--networks", nargs="*", default=[entry.name for entry in ENTRIES])
    arguments = parser.parse_args()
    rows, failed = [], 0
    for entry in (BY_NAME[name] for name in arguments.networks):
        figures = {}
        for variant in arguments.variants:
            model = arguments.work / entry.name / f"{variant}.onnx"
            if model.exists():
                pair = conform(arguments.roadseg, entry, variant, model, arguments.quantize)
                if pair is None:
                    continue
                figures[variant] = pair
                print(f"{entry.name} {variant}: float, int8 = {figures[variant]}", flush=True)
        failed += sum(figure is None or figure < NEEDED for pair in figures.values() for figure in pair)
        float_figures = [pair[0] for pair in figures.values()]
        worst = None if None in float_figures else min(float_figures, default=None)
        cells = [cell(figures[v][1]) if v in figures else "–" for v in arguments.variants]
        rows.append([entry.name, str(entry.classes), f"{entry.size[1]}x{entry.size[0]}", cell(worst)] + cells)
    print("\n| network | classes | size | float | " + " | ".join(arguments.variants) + " |")
    print("|---|---|---|---|" + "---|" * len(arguments.variants))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
