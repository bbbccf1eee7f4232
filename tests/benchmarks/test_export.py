"""The measurement of `make bench`, small: its figures come out, and the memory of an export is flat."""

import pytest

from benchmarks.export import compare, measured, served, write_document


@pytest.mark.parametrize("rows", [200_000, pytest.param(1_000_000, marks=[pytest.mark.soak])])
def test_an_export_is_measured_beside_the_bare_loop_and_more_rows_take_no_more_memory(tmp_path, rows):
    found = compare(tmp_path, rows=20_000, rounds=1)
    [ours], [bare] = found["ours"], found["bare"]
    assert ours["digest"] == bare["digest"]
    assert min(ours["seconds"], bare["seconds"]) > 0

    write_document(tmp_path, rows)
    with served(tmp_path) as url:
        more = measured("benchmarks.export", "--url", url)
    assert more["mib"] - ours["mib"] < 4, (ours, more)
