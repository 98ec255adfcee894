"""Faults to plant, a function each: it takes the folder of a data set and returns what must be named."""

import shutil

import numpy as np
from PIL import Image


def files(root, split="train", kind="masks"):
    """Return the files of a kind in order, those too that a fault has deleted, so that places stay."""
    folders = [root / split / folder for folder in ("images", "masks")]
    stems = {path.stem for folder in folders for path in folder.iterdir()}
    return [root / split / kind / f"{stem}.png" for stem in sorted(stems) if not stem.startswith("z")]


def image_of(mask):
    return mask.parent.parent / "images" / mask.name


def change(mask, function):
    with Image.open(mask) as picture:
        values = np.array(picture)
    Image.fromarray(function(values)).save(mask)
    return mask


def describe(root, text):
    path = root / "dataset.yaml"
    path.write_text(text)
    return path


def names(root, changed, extra="ignore: [255]\n"):
    lines = "".join(f"  {value}: {name}\n" for value, name in changed.items())
    describe(root, f"names:\n{lines}{extra}")


CLASSES = dict(enumerate(("background", "disc", "square", "triangle", "star", "bar")))


def no_mask(root):
    mask = files(root)[0]
    mask.unlink()
    return image_of(mask)


def no_picture(root):
    mask = files(root)[1]
    image_of(mask).unlink()
    return mask


def doubled_name(root):
    image = image_of(files(root)[2])
    with Image.open(image) as picture:
        picture.save(image.with_suffix(".jpg"))
    return image


def size_mismatch(root):
    return change(files(root)[3], lambda values: values[:-8])


def truncated_picture(root):
    image = files(root, kind="images")[4]
    image.write_bytes(image.read_bytes()[:-900])
    return image


def unreadable_mask(root):
    mask = files(root)[5]
    mask.write_bytes(b"no picture at all")
    return mask


def beyond_names(root):
    def add(values):
        values[2:6, 2:6] = 77
        return values

    return change(files(root)[6], add)


def unused_name(root):
    names(root, {**CLASSES, 6: "unicorn"})
    return "unicorn"


def black_and_white(root):
    return change(files(root)[7], lambda values: ((values > 0) * 255).astype(np.uint8))


def smoothed(root):
    mask = files(root)[8]
    with Image.open(mask) as picture:
        values = Image.fromarray(np.array(picture) * np.uint8(40))
    small = values.resize((values.width // 2, values.height // 2), Image.Resampling.NEAREST)
    small.resize(values.size, Image.Resampling.BILINEAR).save(mask)
    return mask


def jpeg(root):
    mask = files(root)[9]
    with Image.open(mask) as picture:
        Image.fromarray(np.array(picture)).save(mask.with_suffix(".jpg"), quality=80)
    mask.unlink()
    return mask.with_suffix(".jpg")


def shifted_ids(root):
    for split in ("train", "val"):
        for mask in files(root, split):
            change(mask, lambda values: np.where(values == 255, 255, values + 1).astype(np.uint8))
    return files(root)[0]


def void_undeclared(root):
    names(root, CLASSES, "ignore: []\n")
    return files(root)[0]


def unturned(root):
    image = files(root, kind="images")[10]
    with Image.open(image) as picture:
        exif = Image.Exif()
        exif[0x0112] = 6
        picture.save(image.with_suffix(".jpg"), exif=exif, quality=95)
    image.unlink()
    return files(root)[10]


def leaked(root):
    for kind in ("images", "masks"):
        source = files(root, "val", kind)[0]
        shutil.copy(source, root / "train" / kind / f"zz{source.suffix}")
    return root / "train" / "images" / "zz.png"


def leaked_as_jpeg(root):
    image, mask = files(root, "val", "images")[1], files(root, "val")[1]
    with Image.open(image) as picture:
        picture.save(root / "train" / "images" / "zy.jpg", quality=85)
    shutil.copy(mask, root / "train" / "masks" / "zy.png")
    return image


def empty(root):
    return change(files(root)[11], np.zeros_like)


def all_ignored(root):
    return change(files(root)[12], lambda values: np.full_like(values, 255))


def rare_class(root):
    def add(values):
        values[0, 0] = 6
        return values

    names(root, {**CLASSES, 6: "pixel"})
    change(files(root)[13], add)
    return "pixel"


def tiny(root):
    mask = files(root)[14]
    for path in (mask, image_of(mask)):
        change(path, lambda values: values[:: min(values.shape[:2]) // 20, :: min(values.shape[:2]) // 20])
    return image_of(mask)


def off_edges(root):
    return change(files(root)[15], lambda values: np.roll(values, (9, 12), (0, 1)))


def blank(root):
    return change(files(root, kind="images")[16], lambda values: np.full_like(values, 90))


def deep_among_photos(root):
    return change(files(root, kind="images")[18], lambda values: values.mean(2).astype(np.uint16) * 257)


def color_among_ids(root):
    return change(files(root)[17], lambda values: np.stack([values, values * 7, 9 * values], axis=-1))


def numbered_anew(root):
    names(root, CLASSES)  # and no colours
    odd = files(root)[19]
    with Image.open(odd) as mask:
        anew = list(range(256))
        anew[0], anew[1], anew[2] = 1, 2, 0
        mask.remap_palette(anew).save(odd)
    return odd


def void_as_class(root):
    names(root, {**CLASSES, 255: "void"}, "")
    return "void"


FAULTS = {
    "picture-without-mask": no_mask,
    "mask-without-picture": no_picture,
    "doubled-name": doubled_name,
    "size-mismatch": size_mismatch,
    "unreadable-picture": truncated_picture,
    "unreadable-mask": unreadable_mask,
    "value-beyond-names": beyond_names,
    "unused-name": unused_name,
    "black-and-white-mask": black_and_white,
    "smoothed-mask": smoothed,
    "jpeg-mask": jpeg,
    "ids-shifted": shifted_ids,
    "void-not-declared": void_undeclared,
    "rotation-lacks": unturned,
    "same-picture-across-splits": leaked,
    "near-same-across-splits": leaked_as_jpeg,
    "empty-mask": empty,
    "all-ignored": all_ignored,
    "rare-class": rare_class,
    "tiny-picture": tiny,
    "mask-off-edges": off_edges,
    "blank-picture": blank,
    "mixed-bands": deep_among_photos,
    "mixed-kinds": color_among_ids,
    "void-as-class": void_as_class,
    "palette-numbered-anew": numbered_anew,
}
"""What plants a fault, by the kind of finding that it must become."""
