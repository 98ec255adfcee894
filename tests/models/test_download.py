import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from pixelwise.cache import cache_folder
from pixelwise.errors import ConfigError, WeightsError
from pixelwise.models import download
from pixelwise.models.build import create_backbone
from pixelwise.models.download import check_weights, imagenet_weights, weights_file
from pixelwise.models.names import backbone_names

CONTENT = b"weights" * 500_000


class Server:
    """A web server on this machine: what it holds, what it was asked for, and how it misbehaves."""

    def __init__(self):
        self.files, self.asked, self.cut = {}, [], False

    def handler(server):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(self.path)
                content = server.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if server.cut else content)

            def log_message(self, *args):
                pass

        return Handler


@pytest.fixture
def server(monkeypatch, tmp_path):
    served = Server()
    web = ThreadingHTTPServer(("127.0.0.1", 0), served.handler())
    thread = threading.Thread(target=web.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("PIXELWISE_WEIGHTS_URL", f"http://127.0.0.1:{web.server_port}/models/")
    monkeypatch.setenv("PIXELWISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield served
    web.shutdown()
    thread.join()
    web.server_close()


@pytest.fixture
def published(server, monkeypatch):
    return _publish(server, monkeypatch, CONTENT)


def _publish(server, monkeypatch, content):
    name = f"vgg11-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setitem(download.PUBLISHED, "vgg11", name)
    server.files[f"/models/{name}"] = content
    return name


def test_a_file_is_downloaded_once(server, published):
    path = imagenet_weights("vgg11")
    assert path == cache_folder() / published
    assert path.read_bytes() == CONTENT
    assert imagenet_weights("vgg11") == path
    assert server.asked == [f"/models/{published}"]
    assert [p.name for p in cache_folder().iterdir()] == [published]


def test_weights_can_be_looked_for_without_a_download(server, published, tmp_path):
    check_weights("imagenet", "vgg11")
    assert server.asked == [f"/models/{published}"]
    assert list(cache_folder().iterdir()) == []
    imagenet_weights("vgg11")
    server.files.clear()
    check_weights("imagenet", "vgg11")  # is there
    (cache_folder() / published).unlink()
    for weights, told in (("imagenet", "HTTP Error 404"), (tmp_path / "none.pth", "no such weights file")):
        with pytest.raises(WeightsError, match=told):
            check_weights(weights, "vgg11")


def test_weights_in_the_users_own_folder_are_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "vgg.pth").touch()
    assert weights_file("~/vgg.pth", "vgg11") == tmp_path / "vgg.pth"


def test_progress_is_told_in_bytes(published):
    told = []
    imagenet_weights("vgg11", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert len(told) > 2


def test_another_address_can_be_given(server, published):
    address = f"{download.os.environ['PIXELWISE_WEIGHTS_URL']}mirror"
    server.files[f"/models/mirror/{published}"] = CONTENT
    imagenet_weights("vgg11", address=address)
    assert server.asked == [f"/models/mirror/{published}"]


def test_a_damaged_file_in_the_cache_is_downloaded_again(server, published):
    cache_folder().mkdir()
    (cache_folder() / published).write_bytes(CONTENT[:-1])
    assert imagenet_weights("vgg11").read_bytes() == CONTENT
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("other content", "what arrived is not the published file: its SHA-256 differs"),
        ("no file", "HTTP Error 404"),
        ("cut", f"the connection ended after {len(CONTENT) // 2} of {len(CONTENT)} bytes"),
    ],
)
def test_a_failed_download_leaves_nothing_and_says_how_to_go_on(fault, told, server, published):
    if fault == "other content":
        server.files[f"/models/{published}"] = b"x" + CONTENT
    elif fault == "no file":
        server.files.clear()
    server.cut = fault == "cut"
    with pytest.raises(WeightsError, match=told) as error:
        imagenet_weights("vgg11")
    text = str(error.value)
    assert f"/models/{published}" in text
    assert str(cache_folder() / published) in text
    assert "--weights FILE" in text
    assert "\n" not in text
    assert list(cache_folder().iterdir()) == []


def test_without_a_network_the_error_names_address_place_and_option(monkeypatch, tmp_path):
    monkeypatch.setenv("PIXELWISE_CACHE", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    address = "http://127.0.0.1:9/models"
    with pytest.raises(WeightsError, match="--weights FILE") as error:
        imagenet_weights("vgg16_bn", address=address)
    assert f"{address}/vgg16_bn-6c64b313.pth" in str(error.value)
    assert str(tmp_path / "vgg16_bn-6c64b313.pth") in str(error.value)


def test_a_cache_that_cannot_be_written_is_told(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("PIXELWISE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(WeightsError, match=r"cannot download .*Not a directory"):
        imagenet_weights("vgg11", address="http://127.0.0.1:9")


def test_every_backbone_has_a_file_that_names_its_hash():
    assert list(download.PUBLISHED) == backbone_names()
    for name, file_name in download.PUBLISHED.items():
        stem, _, digits = file_name.removesuffix(".pth").rpartition("-")
        assert stem == name
        assert len(digits) == 8
        assert int(digits, 16)
    with pytest.raises(ConfigError, match="no backbone is named 'vgg12'"):
        imagenet_weights("vgg12")


def test_imagenet_weights_arrive_in_a_backbone(server, vgg11, monkeypatch, tmp_path, no_init):
    torch.save(vgg11, tmp_path / "file.pth", _use_new_zipfile_serialization=False)
    _publish(server, monkeypatch, (tmp_path / "file.pth").read_bytes())
    backbone = create_backbone("vgg11", weights="imagenet")
    assert torch.equal(backbone.pool5[2].weight, vgg11["features.18.weight"])
