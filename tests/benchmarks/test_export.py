"""The measurement of `make bench`, small: its figures come out, and the memory of an export is flat."""

from benchmarks.export import compare, measured, served, write_document


def test_an_export_is_measured_beside_the_bare_loop_and_more_rows_take_no_more_memory(tmp_path):
    found = compare(tmp_path, rows=20_000, rounds=1)
    [ours], [bare] = found["ours"], found["bare"]
    assert ours["digest"] == bare["digest"]
    assert min(ours["seconds"], bare["seconds"]) > 0

    write_document(tmp_path, 200_000)
    with served(tmp_path) as url:
        more = measured("benchmarks.export", "--url", url)
    assert more["mib"] - ours["mib"] < 4, (ours, more)
