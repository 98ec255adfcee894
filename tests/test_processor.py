import pytest

from pixelwise import processor


@pytest.fixture
def described(tmp_path, monkeypatch, machine, text):
    """Have the system describe a processor by a text, or not at all."""
    file = tmp_path / "cpuinfo"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(processor, "CPU_FILE", file)
    monkeypatch.setattr(processor.platform, "machine", lambda: machine)


@pytest.mark.usefixtures("described")
@pytest.mark.parametrize(
    ("machine", "text", "wanted"),
    [
        ("x86_64", "vendor_id : GenuineIntel\nflags\t: avx512_bf16 amx_bf16 amx_tile", True),
        ("x86_64", "vendor_id : GenuineIntel\nflags\t: avx512f avx512_bf16", False),
        ("AMD64", "vendor_id : AuthenticAMD\nflags\t: avx512f avx512_bf16", True),
        ("x86_64", "vendor_id : AuthenticAMD\nflags\t: avx2", False),
        ("x86_64", None, False),
        ("x86_64", "", False),
        ("aarch64", "Features : asimd bf16", False),
    ],
)
def test_bf16_is_for_processors_that_are_quicker_in_it(wanted):
    assert processor.fast_bf16() is wanted


@pytest.mark.usefixtures("described")
@pytest.mark.parametrize(
    ("machine", "text", "wanted"),
    [
        ("x86_64", "flags\t: amx_tile amx_int8", True),
        ("AMD64", "flags\t: avx2", True),
        ("x86_64", None, True),
        ("aarch64", "Features : asimddp", False),
    ],
)
def test_int8_is_for_intel_and_amd(wanted):
    assert processor.fast_int8() is wanted
