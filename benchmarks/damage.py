"""Ways to damage the files of a data set, for `fuzz.py`: bits, numbers, keys, nesting, sizes, names."""

from __future__ import annotations

import contextlib
import json
import random
import re
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

HOSTILE: tuple[Any, ...] = (
    *(None, True, -1, 0, 1e308, -1e308, float("nan"), float("inf"), 10**400, 2**63, 2**31, 1e18, 0.5),
    *("", " ", "x" * 100_000, "../../evil.png", "/etc/passwd", "\0", "\ud800", "NaN", "1e999", "é", "a\nb"),
    *([], {}, [[]], [None], [[[[[]]]]], {"a": {}}, [1e308] * 8, list(range(3000)), ["a", 1, None]),
)


def damaged_bytes(data: bytes, rng: random.Random) -> bytes:
    """Return bytes with some changed, cut off, put in, or made zero."""
    out = bytearray(data)
    for _ in range(rng.randrange(1, 9)):
        place = rng.randrange(len(out) + 1)
        match rng.randrange(6):
            case 0 | 1 if out:
                out[place % len(out)] = rng.randrange(256)
            case 2:
                out[place:place] = rng.randbytes(rng.randrange(1, 40))
            case 3:
                del out[place : place + rng.randrange(1, 60)]
            case 4:
                out[place : place + 8] = rng.choice((b"\xff" * 8, b"\0" * 8, b"\x7f\xff\xff\xff" * 2))
            case 5 if rng.random() < 0.3:
                del out[place:]
    return bytes(out)


def huge_png(data: bytes, rng: random.Random) -> bytes:
    """Return a small PNG that says that it is huge, or that holds text that grows to megabytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    side = rng.choice((1, 19_000, 31_623, 2**31 - 1))
    head = struct.pack(">IIBBBBB", side, rng.choice((1, 21_000, side)), 8, rng.choice((0, 2, 3, 6)), 0, 0, 0)
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 30_000_000))
    body = chunk(b"IDAT", zlib.compress(b"\0" * rng.choice((10, 10_000, 3_000_000))))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + text * rng.randrange(2) + body + chunk(b"IEND", b"")


def damaged_json(data: bytes, rng: random.Random) -> bytes:
    """Return JSON with values replaced, keys missing, or lists nested without end."""
    if rng.random() < 0.05:
        return rng.choice((b"[", b'{"a":')) * rng.choice((500, 100_000))
    content = json.loads(data)
    for _ in range(rng.randrange(1, 4)):
        content = _replaced(content, rng)
    if rng.random() < 0.05:
        content = {"a": content} if rng.random() < 0.5 else [content]
    return json.dumps(content).encode(errors="surrogatepass")


def _replaced(content: Any, rng: random.Random) -> Any:
    places: list[tuple[Any, Any]] = []
    todo = [content]
    while todo:
        node = todo.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in list(keys)[:200]:
            places.append((node, key))
            todo.append(node[key])
    if not places:
        return rng.choice(HOSTILE)
    node, key = rng.choice(places)
    if rng.random() < 0.2:
        del node[key]
    else:
        node[key] = rng.choice(HOSTILE)
    return content


NUMBERS = (
    "-1",
    "0",
    "1e308",
    "nan",
    "inf",
    "9" * 400,
    "99999999999",
    "",
    "x",
    "0x7f",
    "1_000",
    "3000000000",
    "٣",
)


def damaged_text(data: bytes, rng: random.Random) -> bytes:
    """Return text with numbers and words replaced, lines doubled or missing."""
    text = data.decode(errors="replace")
    for _ in range(rng.randrange(1, 5)):
        words = list(re.finditer(r"[\w.+-]+", text))
        if words:
            word = rng.choice(words)
            new = rng.choice(
                (*NUMBERS, "../..", "/", "é", "[", "{", ": :", "- -", "&a *a", "!!python/object:x", "~")
            )
            text = text[: word.start()] + new + text[word.end() :]
        if rng.random() < 0.2:
            lines = text.splitlines(keepends=True)
            lines.insert(rng.randrange(len(lines) + 1), rng.choice([*lines, "\n"]))
            text = "".join(lines)
    return text.encode(rng.choice(("utf-8", "utf-8", "utf-8", "utf-16", "latin-1")), errors="replace")


YAML_BOMB = b"a0: &a0 [x, x]\n" + b"".join(
    b"a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n" % (n, n, *[n - 1] * 6) for n in range(1, 30)
)
YAML_TEXTS = (
    YAML_BOMB + b"names: *a29\n",
    YAML_BOMB + b"names: [a]\nmerge: *a29\ntrain: *a29\n",
    b"names: &n\n  0: *n\n",
    b"names: [" + b"a, " * 300 + b"b]\n",
    b"names: {0: a}\n" * 3,
    b"[" * 5000,
    b"names: {99999999999999999999: a}\n",
    b"names: {.nan: a, 1: b}\n",
    b"names: {0: a, 1: b}\ncolors: {0: [1e400, 2, 3]}\n",
    b"names: {0: 2020-01-01, 1: 1e999}\nignore: 2020-01-01\n",
    b"names: {0: a, 1: b}\nmerge: {x: {y: z}}\n",
    b"? [a, b]\n: c\nnames: [a]\n",
    b"<<: {names: [a, b]}\n",
    b"!!set {a, b}\n",
    b"%YAML 9.9\n---\nnames: [a]\n",
    b"names: 0\xff\n",
    b"names: {0: a, 1: b}\nformat: [coco]\n",
    b"names: {0: a, 1: b}\noverlap: {a: b}\nuncovered: [ignore]\n",
    b"names: {[1, 2]: a}\n",
    b"names: !!binary aGVsbG8=\n",
    b"names: {0: a, 1: b}\nrename: {[a]: b}\ndrop: {a: b}\n",
    b"names: {0: a, 1: 0o777777777777777777777777}\nignore: [1.5]\n",
)
XML_BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">%s]><annotations><image name="&a20;"/></annotations>'
    % (b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 21)))
)
XML_TEXTS = (
    XML_BOMB,
    XML_BOMB.decode().replace('version="1.0"', 'version="1.0" encoding="utf-16"').encode("utf-16"),
    b"<annotations><image " + b"<a>" * 200_000,
    b'<annotations><image name="a" width="1e9" height="1e9"><mask label="a" rle="1"/></image></annotations>',
)


def damage_file(path: Path, rng: random.Random) -> None:
    data, suffix = path.read_bytes(), path.suffix.lower()
    if suffix == ".json" and rng.random() < 0.8:
        with contextlib.suppress(ValueError, RecursionError):
            data = damaged_json(data, rng)
    elif suffix == ".yaml" and rng.random() < 0.3:
        data = rng.choice(YAML_TEXTS)
    elif suffix == ".xml" and rng.random() < 0.1:
        data = rng.choice(XML_TEXTS)
    elif suffix in (".yaml", ".txt", ".xml", ".csv") and rng.random() < 0.8:
        data = damaged_text(data, rng)
    elif suffix == ".png" and rng.random() < 0.15:
        data = huge_png(data, rng)
    else:
        data = damaged_bytes(data, rng)
    path.write_bytes(data)


def hostile_zip(folder: Path, path: Path, rng: random.Random) -> Path:
    """Pack a folder, with an entry that should not be there."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        files = [file for file in folder.rglob("*") if file.is_file()]
        for file in files:
            archive.write(file, file.relative_to(folder))
        first = files[0].relative_to(folder).as_posix()
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        entries: tuple[tuple[Any, bytes], ...] = (
            ("../evil.png", b"x"),
            ("a/../../../evil.png", b"x"),
            (str(path.parent / "evil.png"), b"x"),
            ("..\\..\\evil.png", b"x"),
            (link, b"/etc/passwd"),
            (first, b"doubled"),
            (f"{first}/below.png", b"a file where a folder is"),
            ("bomb.png", b"\0" * 60_000_000),
            ("n" * 300 + ".png", b"x"),
            ("con\0.png", b"x"),
            ("C:/evil.png", b"x"),
            ("./.", b"x"),
            ("é\u202e.png", b"x"),
        )
        archive.writestr(*rng.choice(entries))
    data = bytearray(path.read_bytes())
    if rng.random() < 0.3:
        place = data.find(b"PK\x01\x02")
        data[place + 8] |= 1  # encrypted, says the directory
    elif rng.random() < 0.3:
        data = bytearray(damaged_bytes(bytes(data), rng))
    path.write_bytes(data)
    return path
