import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.fixture_feed.seed import MAX_SEED_BYTES, MAX_TITLE, Seed, SeedError, find_seeds, parse_seed, read_seed

SEEDS = Path(__file__).parents[3] / "seeds"
BODY = "Rain fell on the town all day. The river rose."
MORE = "By night it was over its banks."
PAGE = "https://news.example/a?b=1&c=2"


def test_first_seed_of_the_project() -> None:
    seed = read_seed(SEEDS / "000_0dce748565759669.txt")
    assert seed.stem == "000_0dce748565759669"
    assert seed.title == (
        "Donald Trump is set to meet with El Salvador President Nayib Bukele at the White House as the…"
    )
    assert len(seed.paragraphs) == 26
    assert seed.paragraphs[0].startswith("Donald Trump is set")
    assert "in Venezuela and others, stating that" in seed.paragraphs[15]
    assert seed.paragraphs[-1].endswith("the realities faced by Ukrainians.")
    assert seed.credit_url is not None
    assert seed.credit_url.startswith("https://www.theguardian.com/us-news/live/2025/apr/14/")
    assert seed.credit_url.endswith("-live-updates")


@pytest.mark.parametrize(
    ("text", "title", "paragraphs", "credit"),
    [
        pytest.param(f"{BODY}\n{MORE}\n", "Rain fell on the town all day.", (BODY, MORE), None, id="lines"),
        pytest.param(f"{BODY}\r\n\r\n{MORE}\r\n", "Rain fell on the town all day.", (BODY, MORE), None, id="CRLF"),
        pytest.param(f"{BODY}\r{MORE}", "Rain fell on the town all day.", (BODY, MORE), None, id="CR"),
        pytest.param(f"\ufeff{BODY}", "Rain fell on the town all day.", (BODY,), None, id="BOM"),
        pytest.param(f"River rises\n{BODY}\n{MORE}", "River rises", (BODY, MORE), None, id="headline"),
        pytest.param(f"River rises\n\n{BODY}", "River rises", (BODY,), None, id="headline and a blank line"),
        pytest.param(f"Will it rise?\n{BODY}", "Will it rise?", ("Will it rise?", BODY), None, id="headline that asks"),
        pytest.param("River rises", "River rises", ("River rises",), None, id="one line"),
        pytest.param("Rain\x00fell\x07.\x85Sun\ud800.", "Rain fell .", ("Rain fell .", "Sun ."), None, id="controls"),
        pytest.param(f"{BODY}image source from:{PAGE}", BODY[:30], (BODY,), PAGE, id="credit glued on"),
        pytest.param(f"{BODY}Image Source From: {PAGE}\n", BODY[:30], (BODY,), PAGE, id="credit with a space"),
        pytest.param(f"{BODY}\nImage credit: {PAGE}.\n", BODY[:30], (BODY,), PAGE, id="credit on its own line"),
        pytest.param(f"{BODY}\n\n(Photo: <{PAGE}>)\n", BODY[:30], (BODY,), PAGE, id="credit in brackets"),
        pytest.param(f"{BODY}\nSource:\n{PAGE}", BODY[:30], (BODY,), PAGE, id="credit over two lines"),
        pytest.param(f"{BODY} Source: {PAGE}", BODY[:30], (BODY,), PAGE, id="credit after a sentence"),
        pytest.param(f"source: {PAGE}\n{BODY}", BODY[:30], (BODY,), PAGE, id="credit first"),
        pytest.param(f"{BODY}\nsource: {PAGE}\n{MORE}", BODY[:30], (BODY, MORE), PAGE, id="credit between"),
        pytest.param(
            f"Rain, says a source: {PAGE}", f"Rain, says a source: {PAGE}", (f"Rain, says a source: {PAGE}",), None,
            id="no credit but a sentence",
        ),
        pytest.param(f"{BODY}\nPhoto: Reuters", BODY[:30], (BODY, "Photo: Reuters"), None, id="credit without a link"),
        pytest.param(
            f"{BODY}\nSource: https://e.example/a_(b)", BODY[:30], (BODY,), "https://e.example/a_(b)", id="brackets"
        ),
    ],
)  # fmt: skip
def test_shapes_of_seeds(text: str, title: str, paragraphs: tuple[str, ...], credit: str | None) -> None:
    assert parse_seed("s", text) == Seed("s", title, paragraphs, credit)


def test_long_headline_stays_in_the_text_as_the_title_cuts_it() -> None:
    headline = "River rises and rises " * 5
    seed = parse_seed("s", f"{headline}\n\n{BODY}")
    assert seed.title.endswith("…")
    assert seed.paragraphs == (headline.strip(), BODY)


@given(st.text())
def test_any_text_is_a_seed_or_a_clear_error(text: str) -> None:
    try:
        seed = parse_seed("s", text)
    except SeedError:
        return
    assert 0 < len(seed.title) <= MAX_TITLE
    assert seed.paragraphs
    assert all(seed.paragraphs)


@pytest.mark.parametrize("text", ["", " \r\n\t", "\ufeff", f"image source from:{PAGE}", "\x07"])
def test_text_without_an_article_is_refused(text: str) -> None:
    with pytest.raises(SeedError, match="no article in it"):
        parse_seed("s", text)


def test_name_without_a_readable_character_is_refused() -> None:
    with pytest.raises(SeedError, match="rename the file"):
        parse_seed("\udcff", BODY)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_bad_files_name_themselves_and_the_mend(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    cases = {
        write(tmp_path / "empty.txt", b""): "no article in it: write one",
        write(tmp_path / "latin.txt", "Räin.".encode("latin-1")): "not UTF-8 at byte 1: save it as UTF-8",
        write(tmp_path / "wide.txt", "Rain.".encode("utf-16-le")): "NUL bytes",
        write(tmp_path / "big.txt", b"x" * (MAX_SEED_BYTES + 1)): "over 1 MiB",
        tmp_path / "folder.txt": "is a folder",
        tmp_path / "pipe.txt": "no regular file",
        tmp_path / "missing.txt": "no such file or folder: check the path",
    }
    for path, problem in cases.items():
        with pytest.raises(SeedError) as caught:
            read_seed(path)
        text = str(caught.value)
        assert text.startswith(f"{path}: ")
        assert problem in text
        assert "\n" not in text


def test_folder_gives_its_text_files_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", ".hidden.txt", "notes.md"):
        write(tmp_path / name, BODY.encode())
    (tmp_path / "feeds").mkdir()
    found = find_seeds([tmp_path])
    assert [seed.stem for seed in found.seeds] == ["a", "b"]
    assert found.problems == ()


def test_bad_seeds_leave_their_neighbours_alone(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", b"")
    write(tmp_path / "b.txt", BODY.encode())
    (tmp_path / "c.txt").mkdir()
    found = find_seeds([tmp_path / "missing", tmp_path])
    assert [seed.stem for seed in found.seeds] == ["b"]
    assert [str(problem).split(": ")[0] for problem in found.problems] == [
        str(tmp_path / name) for name in ("missing", "a.txt", "c.txt")
    ]


def test_folder_without_a_seed_is_a_problem(tmp_path: Path) -> None:
    found = find_seeds([tmp_path])
    assert found.seeds == ()
    assert "no *.txt in this folder" in str(found.problems[0])


def test_file_met_twice_counts_once(tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt", BODY.encode())
    found = find_seeds([file, tmp_path, tmp_path / "." / "a.txt"])
    assert len(found.seeds) == 1
    assert found.problems == ()


def test_loop_of_links_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "a.txt")
    found = find_seeds([tmp_path, Path("\0.txt")])
    assert [str(problem).rpartition(": ")[2] for problem in found.problems] == ["check the path"] * 2


def test_two_files_of_one_name_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = write(tmp_path / "a.txt", BODY.encode())
    second = write(tmp_path / "other" / "a.txt", MORE.encode())
    found = find_seeds([first, second])
    assert [seed.paragraphs[0] for seed in found.seeds] == [BODY]
    assert str(found.problems[0]).startswith(f"{second}: has the name of {first}")
