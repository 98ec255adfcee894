import pytest

from pixelwise.inspection.finding import Severity
from pixelwise.inspection.findings import find
from pixelwise.inspection.survey import survey

from .faults import FAULTS


def found(root):
    return {finding.kind: finding for finding in find(survey(root))}


def test_nothing_is_found_in_a_clean_set(clean_root):
    assert found(clean_root) == {}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_planted_fault_is_found_and_its_file_named(kind, root):
    named = FAULTS[kind](root)
    findings = found(root)
    assert set(findings) == {kind}
    finding = findings[kind]
    assert str(named) in [file for file, _ in finding.files]
    assert finding.title
    assert finding.why
    assert finding.mend


def test_all_faults_of_files_are_found_at_once(root):
    whole = {"unused-name", "ids-shifted", "void-not-declared", "rare-class", "void-as-class"}
    kinds = [kind for kind in FAULTS if kind not in whole]
    named = {kind: FAULTS[kind](root) for kind in kinds}
    findings = found(root)
    assert set(findings) == set(kinds)
    for kind, file in named.items():
        assert [str(file)] == [entry for entry, _ in findings[kind].files]


def test_what_blocks_comes_first(root):
    for kind in ("empty-mask", "tiny-picture", "size-mismatch"):
        FAULTS[kind](root)
    assert [finding.severity for finding in find(survey(root))] == [
        Severity.BLOCKS,
        Severity.WARNING,
        Severity.REMARK,
    ]
