"""Classifies pictures with the exported model. Needs onnxruntime, numpy and Pillow.

    python predict.py picture.jpg …      prints the tags of each picture, the most probable first
    python predict.py --check            compares with what the server answered (parity.json)
"""

import io
import json
import pathlib
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageCms, ImageOps

FOLDER = pathlib.Path(__file__).resolve().parent.parent


class Classifier:
    def __init__(self, folder=FOLDER):
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0]
        self.labels = (folder / "labels.txt").read_text(encoding="utf-8").split("\n")[:-1]
        properties = self.session.get_modelmeta().custom_metadata_map
        self.shorter_side = int(properties["Taglens.Preprocess.ShorterSideAtMost"])

    def probabilities(self, path):
        picture = self.resized(upright(path))
        kind = np.float16 if self.input.type == "tensor(float16)" else np.float32
        # Height, width, channels become one picture of channels, height, width.
        data = np.asarray(picture, dtype=kind).transpose(2, 0, 1)[np.newaxis]
        return self.session.run(None, {self.input.name: data})[0][0]

    def resized(self, picture):
        height, width = self.input.shape[2:]
        if isinstance(height, int):  # a model with an input of fixed size sees the whole picture, squashed
            return picture.resize((width, height), Image.Resampling.LANCZOS)
        scale = self.shorter_side / min(picture.size)
        if scale >= 1:
            return picture
        size = tuple(round(side * scale) for side in picture.size)
        return picture.resize(size, Image.Resampling.LANCZOS)


def upright(path):
    """As the server sees it: turned by its EXIF, in sRGB with 8 bits a channel, anything transparent laid on white."""
    picture = eight_bits(ImageOps.exif_transpose(Image.open(path)))
    if picture.mode not in ("RGBA", "LA", "P"):
        return in_srgb(picture)
    colours = in_srgb(picture.convert("L" if picture.mode == "LA" else "RGB"))
    return Image.composite(colours, Image.new("RGB", picture.size, "white"), picture.convert("RGBA").getchannel("A"))


def eight_bits(picture):
    if picture.mode != "I" and not picture.mode.startswith("I;16"):
        return picture
    # Pillow would cut everything above 255 off.
    grey = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    grey.info = picture.info
    return grey


def in_srgb(picture):
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        return ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (KeyError, OSError, ImageCms.PyCMSError):  # no profile, or a broken one, or one of other channels
        return picture.convert("RGB")


def check(classifier):
    report = json.loads((FOLDER / "parity.json").read_text(encoding="utf-8"))
    largest = 0.0
    for entry in report["pictures"]:
        if not entry["isSameView"]:
            continue
        found = classifier.probabilities(FOLDER / entry["picture"])
        difference = float(np.abs(found - np.array(entry["expected"])).max())
        print(f"{entry['picture']}: {difference:.2e}")
        largest = max(largest, difference)
    print(f"largest difference {largest:.2e}, allowed {report['tolerance']}")
    return 0 if largest <= report["tolerance"] else 1


def main(arguments):
    classifier = Classifier()
    if arguments == ["--check"]:
        return check(classifier)
    for path in arguments:
        print(path)
        found = classifier.probabilities(path)
        for index in np.argsort(-found):
            print(f"  {classifier.labels[index]}: {found[index]:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
