import os

import pytest

from pixelwise import cores, groups
from pixelwise.cores import count_cores, limited_cores


@pytest.fixture
def groups_of_eight(tmp_path, monkeypatch):
    """A process that may run on eight processors, two of each core, and the folder of its groups' limits."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "PROCESSORS", tmp_path / "cpu")
    monkeypatch.setattr(groups, "GROUP_FILE", tmp_path / "cgroup")
    monkeypatch.setattr(groups, "GROUPS", tmp_path / "groups")
    for processor in range(8):
        write(tmp_path / "cpu" / f"cpu{processor}" / "topology", thread_siblings_list=f"{processor % 4}")
    return tmp_path / "groups"


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


@pytest.mark.usefixtures("groups_of_eight")
def test_all_processors_count_or_each_core_once():
    assert (count_cores(), count_cores(whole=True), limited_cores()) == (8, 4, None)


@pytest.mark.parametrize(
    ("quota", "left"), [("200000 100000", 2), ("150000 100000", 2), ("1000 100000", 1), ("max 100000", None)]
)
def test_the_time_that_a_container_leaves_counts_rounded_up(groups_of_eight, quota, left):
    groups.GROUP_FILE.write_text("0::/pod/us\n")
    write(groups_of_eight / "pod/us", cpu__max="max 100000")
    write(groups_of_eight / "pod", cpu__max=quota)  # of a group around ours
    assert (count_cores(), limited_cores()) == (left or 8, left)
    assert count_cores(whole=True) == (left or 4)


@pytest.mark.parametrize(("quota", "left"), [(300_000, 3), (-1, None), (900_000, None)])
def test_limits_of_the_first_version_of_control_groups_count_for_processors(groups_of_eight, quota, left):
    groups.GROUP_FILE.write_text("3:cpuset:/\n1:cpu,cpuacct:/job\n0::/\n")
    write(groups_of_eight / "cpu/job", cpu__cfs_quota_us=quota, cpu__cfs_period_us=100_000)
    assert (count_cores(), limited_cores()) == (left or 8, left)


def test_where_the_system_tells_nothing_every_processor_counts(groups_of_eight, monkeypatch):
    monkeypatch.setattr(cores, "PROCESSORS", groups_of_eight)
    assert (count_cores(), count_cores(whole=True)) == (8, 8)
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert count_cores() == 1
