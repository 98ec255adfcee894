import pytest

from pixelwise import groups, room
from pixelwise.errors import ImageError
from pixelwise.room import check_room, free_memory


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with 4,000,000 kB to give, and the files in which groups of processes are limited."""
    monkeypatch.setattr(room, "MEMORY_FILE", tmp_path / "meminfo")
    monkeypatch.setattr(groups, "GROUP_FILE", tmp_path / "cgroup")
    monkeypatch.setattr(groups, "GROUPS", tmp_path / "groups")
    room.MEMORY_FILE.write_text("MemTotal:  9000000 kB\nMemFree: 1 kB\nMemAvailable:    4000000 kB\n")
    return tmp_path


def limit(folder, limit, used, idle, names=("memory.max", "memory.current", "inactive_file")):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 7\n{names[2]} {idle}\nfile 9\n")


def test_what_the_machine_has_is_free(machine):
    assert free_memory() == 4_096_000_000


def test_a_container_leaves_its_limit_less_what_is_used_but_not_the_files_it_keeps(machine):
    groups.GROUP_FILE.write_text("0::/\n")
    limit(groups.GROUPS, 2_000_000_000, 1_500_000_000, 100_000_000)
    assert free_memory() == 600_000_000
    limit(groups.GROUPS, "max", 1_500_000_000, 100_000_000)
    assert free_memory() == 4_096_000_000


def test_the_limits_of_the_groups_around_count_too(machine):
    groups.GROUP_FILE.write_text("0::/user/shell\n")
    limit(groups.GROUPS / "user", 900, 500, 0)
    limit(groups.GROUPS / "user/shell", 2000, 1000, 0)
    assert free_memory() == 400


def test_limits_of_the_first_version_of_control_groups_count(machine):
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    groups.GROUP_FILE.write_text("5:cpu,cpuacct:/a\n4:memory:/job\n0::/\n")
    limit(groups.GROUPS / "memory/job", 3_000_000_000, 4_000_000_000, 0, names)
    assert free_memory() == 0
    limit(groups.GROUPS / "memory/job", 2**63 - 4096, 4_000_000_000, 0, names)
    assert free_memory() == 4_096_000_000


def test_what_does_not_fit_is_refused_in_gigabytes(machine):
    check_room(4_096_000_000, "ten pictures")
    with pytest.raises(ImageError) as caught:
        check_room(5_000_000_000, "ten pictures")
    assert str(caught.value) == (
        "ten pictures need about 5.0 GB of memory, 4.1 GB are free: cut it into smaller pictures"
    )


def test_where_the_system_does_not_tell_its_memory_nothing_is_refused(machine):
    room.MEMORY_FILE.unlink()
    assert free_memory() is None
    check_room(10**15, "ten pictures")
