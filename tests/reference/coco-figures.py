"""Random boxes and what pycocotools says of them, on standard output: the reference of tests/unit/ml/coco-figures.test.ts.

    infra/python.sh tests/reference/coco-figures.py > tests/reference/coco-figures.json

Coordinates are in 64ths and probabilities in 32nds, so that equal overlaps and equal
probabilities occur, every number is exact, and the file stays small.
"""

import contextlib
import io
import json
import random

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

# One more has a picture of its own.
CHANCE_TAGS = 5
TAGS = CHANCE_TAGS + 1
GRID = 64
LEVELS = 32


def random_box(rng):
    width, height = rng.randint(4, 24), rng.randint(4, 24)
    return [rng.randint(0, GRID - width), rng.randint(0, GRID - height), width, height]


def shaken(rng, box):
    left, top, width, height = (value + rng.choice((-2, -1, 0, 0, 0, 1, 2)) for value in box)
    return [left, top, max(1, width), max(1, height)]


def picture(rng, truths, extras, tags):
    """True boxes [tag, left, top, width, height] and detections, which have a probability too; in no order."""
    truth = [[rng.choice(tags), *random_box(rng)] for _ in range(truths)]
    found = []
    for tag, *box in truth:
        for _ in range(rng.choice((0, 1, 1, 1, 2))):
            said = tag if rng.random() < 0.85 else rng.choice(tags)
            found.append([said, *shaken(rng, box), rng.randint(4, LEVELS)])
    found += [[rng.choice(tags), *random_box(rng), rng.randint(1, LEVELS * 2 // 3)] for _ in range(extras)]
    rng.shuffle(found)
    return {"truth": truth, "detected": found}


def pictures(rng):
    # The last of these tags is found, but never there; nothing is known of one picture, nothing is found in another.
    made = [picture(rng, rng.randint(0, 6), rng.randint(0, 5), range(CHANCE_TAGS - 1)) for _ in range(30)]
    made += [{"truth": [], "detected": []}, picture(rng, 0, 6, range(CHANCE_TAGS)), {**picture(rng, 4, 0, [0, 1]), "detected": []}]
    # More than the 100 of one tag that count.
    made.append(picture(rng, 30, 110, [0]))
    return [*made, seven_of_ten()]


def seven_of_ten():
    """A recall that is less, in floating point, than the point .7 at which COCO reads the precision."""
    truth = [[TAGS - 1, 6 * i, 0, 5, 5] for i in range(10)]
    return {"truth": truth, "detected": [[*box, LEVELS - i] for i, box in enumerate(truth[:7])]}


def evaluate(made):
    truth = [(i, *box) for i, own in enumerate(made) for box in own["truth"]]
    coco = COCO()
    with contextlib.redirect_stdout(io.StringIO()):
        coco.dataset = {
            "images": [{"id": i} for i in range(len(made))],
            "categories": [{"id": tag} for tag in range(TAGS)],
            "annotations": [
                {"id": n + 1, "image_id": i, "category_id": tag, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
                for n, (i, tag, *box) in enumerate(truth)
            ],
        }
        coco.createIndex()
        detections = coco.loadRes(
            [
                {"image_id": i, "category_id": tag, "bbox": box, "score": level / LEVELS}
                for i, own in enumerate(made)
                for tag, *box, level in own["detected"]
            ]
        )
        run = COCOeval(coco, detections, "bbox")
        run.params.iouThrs = np.append(run.params.iouThrs, 0.3)
        run.evaluate()
        run.accumulate()
    # [overlap, recall, tag, area, most detections] -> [overlap, tag]; -1 for a tag that is never there.
    precision = run.eval["precision"][:, :, :, 0, -1].mean(axis=1)
    return [[round(float(value), 10) for value in row] for row in precision]


def main():
    made = pictures(random.Random(1))
    print(json.dumps({"grid": GRID, "levels": LEVELS, "tags": TAGS, "pictures": made, "averagePrecision": evaluate(made)}))


if __name__ == "__main__":
    main()
