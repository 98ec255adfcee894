from pathlib import Path

from pixelwise.cache import cache_folder
from pixelwise.data.memory import Memory


def test_the_cache_is_where_the_system_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.delenv("PIXELWISE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "pixelwise"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "pixelwise"


def test_without_a_home_folder_it_is_a_temporary_one(monkeypatch, tmp_path):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    for name in ("PIXELWISE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cache_folder() == tmp_path / "pixelwise"


def test_a_tilde_is_the_home_folder_for_downloads_and_for_what_was_checked(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIXELWISE_CACHE", "~/mine")
    monkeypatch.chdir(tmp_path)
    assert cache_folder() == tmp_path / "mine"
    with Memory(tmp_path):
        assert len(list((tmp_path / "mine" / "checked").glob("*.sqlite"))) == 1
