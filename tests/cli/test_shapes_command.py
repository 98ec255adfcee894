from pixelwise.cli.app import main
from pixelwise.data.folder import open_data


def test_a_data_set_is_written_and_the_next_command_named(tmp_path, capsys):
    out = tmp_path / "my shapes"
    assert main(["shapes", str(out), "--train", "2", "--val", "1", "--test", "1", "--size", "48", "64"]) == 0
    assert {name: len(pairs) for name, pairs in open_data(out).splits.items()} == {
        "train": 2,
        "val": 1,
        "test": 1,
    }
    assert f"next: pixelwise train '{out}'" in capsys.readouterr().out


def test_a_folder_with_something_in_it_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["shapes", str(tmp_path)]) == 1
    assert "exists and is not an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
