"""Finished parts of a benchmark are what was kept, or are measured again."""

from experiments.benchmarks.kept import add_line, keep_part, lines_of, part_of


def test_a_run_of_simulations_goes_on_at_the_first_that_is_damaged(tmp_path, capsys):
    file = tmp_path / "design.sealed"
    studies = [{"auroc": at / 10, "covered": at % 2 == 0} for at in range(5)]
    for at, study in enumerate(studies):
        add_line(file, study, at)
    written = file.read_bytes()
    assert lines_of(file) == studies
    file.write_bytes(written.replace(b"0.3", b"0.8"))
    assert lines_of(file) == studies[:3]
    assert capsys.readouterr().err == f"{file} is damaged; made again\n"
    for at in (3, 4):
        add_line(file, studies[at], at)
    assert file.read_bytes() == written
    assert capsys.readouterr().err == ""
    file.write_bytes(written[:-10])  # killed while it wrote
    assert lines_of(file) == studies[:4]


def test_lines_of_another_design_are_not_taken(tmp_path):
    add_line(tmp_path / "one.sealed", {"a": 1}, 0)
    (tmp_path / "other.sealed").write_bytes((tmp_path / "one.sealed").read_bytes())
    assert lines_of(tmp_path / "other.sealed") == []


def test_a_damaged_part_is_none(tmp_path, capsys):
    file = tmp_path / "rep0_fold0.sealed"
    assert part_of(file) is None
    assert capsys.readouterr().err == ""
    keep_part(file, {"chosen": [1, 2]})
    assert part_of(file) == {"chosen": [1, 2]}
    file.write_bytes(file.read_bytes().replace(b"[1", b"[7"))
    assert part_of(file) is None
    assert capsys.readouterr().err == f"{file} is damaged; made again\n"
