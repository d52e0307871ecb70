"""`newsflow replay` as a user runs it: real processes, real HTTP, a real log file."""

import json
import signal
from pathlib import Path

import pytest

from tests.e2e.commands import SECONDS, newsflow, running

NOW = "2026-01-31T12:00:00Z"


def names(article: dict[str, object], entity_type: str) -> set[str]:
    entities = article["entities"]
    assert isinstance(entities, list)
    return {entity["name"] for entity in entities if entity["type"] == entity_type}


def test_the_seed_article_comes_out_tagged_and_two_runs_with_a_still_clock_print_the_same_bytes() -> None:
    first, second = (newsflow("replay", "seeds/", "--now", NOW, "--json") for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    (article,) = map(json.loads, first.stdout.splitlines())
    assert names(article, "person") >= {"Donald Trump", "Nayib Bukele", "Marco Rubio"}
    assert names(article, "place") >= {"El Salvador", "Venezuela"}
    assert {tag["label"] for tag in article["media_topics"]} >= {"politics", "crime, law and justice"}
    assert article["language"]["code"] == "en"
    assert article["source"]["url"].startswith("https://www.theguardian.com/")
    assert "image source" not in article["body"]
    for entity in article["entities"]:
        for mention in entity["mentions"]:
            assert article[mention["field"]][mention["start"] : mention["end"]] == mention["text"]


def test_a_replay_shows_a_readable_picture() -> None:
    shown = newsflow("replay", "seeds/")
    assert shown.returncode == 0, shown.stderr
    assert "Donald Trump" in shown.stdout
    assert "1 articles on the public topic" in shown.stdout
    assert "Traceback" not in shown.stderr


@pytest.fixture
def short_seed(tmp_path: Path) -> Path:
    """A seed that is tagged quickly, for tests of many articles."""
    seed = tmp_path / "bridge.txt"
    seed.write_text("The bridge at Mostar opens again on Monday. Traffic was light.\n", "utf-8")
    return seed


def test_a_used_log_and_a_larger_replay_still_give_each_article_once(tmp_path: Path, short_seed: Path) -> None:
    log = f"sqlite:///{tmp_path}/log.sqlite"
    for count in (3, 3, 120, 3):
        done = newsflow("replay", short_seed, "--count", str(count), "--log", log, "--json")
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == count


@pytest.mark.parametrize("after_lines", [1, 40, 150])
def test_a_replay_that_is_killed_and_run_again_gives_each_article_once(
    tmp_path: Path, short_seed: Path, after_lines: int
) -> None:
    """SIGKILL when the public topic has so many records, then the same replay on the same log."""
    log = f"sqlite:///{tmp_path}/log.sqlite"
    replay = ("replay", short_seed, "--count", "200", "--log", log, "--json")
    assert newsflow("topics", "ensure", "--log", log).returncode == 0
    with running(*replay, log=tmp_path / "output") as killed:
        tail = newsflow("tail", "news.articles.v1", "--log", log, "--from-beginning", "-n", str(after_lines), "--json")
        killed.send_signal(signal.SIGKILL)
        killed.wait(SECONDS)
    assert len(tail.stdout.splitlines()) == after_lines
    done = newsflow(*replay)
    assert done.returncode == 0, done.stderr
    articles = [json.loads(line)["article_id"] for line in done.stdout.splitlines()]
    assert len(articles) == len(set(articles)) == 200


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.txt", b""), ("latin.txt", b"Caf\xe9 reopens after the flood.\n"), ("folder.txt", None)],
)
def test_a_bad_seed_is_one_line_and_its_neighbour_passes(tmp_path: Path, name: str, content: bytes | None) -> None:
    (tmp_path / "good.txt").write_text("The bridge at Mostar opens again on Monday. Traffic was light.\n", "utf-8")
    if content is None:
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_bytes(content)
    done = newsflow("replay", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["url"] for line in done.stdout.splitlines()] == ["https://seeds.example/articles/good"]
    (complaint,) = [line for line in done.stderr.splitlines() if line.startswith("newsflow:")]
    assert name in complaint


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("replay", "nowhere"), "nowhere"),
        (("replay", "seeds/", "--log", "sqlite:///no/such/folder/x"), "does not exist"),
        (("replay", "seeds/", "--log", "amqp://x"), "is not understood"),
        (("replay", "seeds/", "--now", "soon"), "no RFC 3339 time"),
        (("replay", "seeds/", "--now", NOW, "--rate", "1"), "--rate"),
        (("replay", "seeds/", "--conut", "3"), "--count"),
        (("tail", "news.nothing"), "news.nothing"),
        (("feeds", "sync", "nowhere.yaml"), "nowhere.yaml"),
        (("feeds", "pause", "nobody", "--log", "sqlite:///{folder}/log.sqlite"), "nobody"),
        (("run", "--http-port", "99999"), "--http-port"),
    ],
)
def test_a_mistake_of_the_user_is_one_clear_line_and_exit_2(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    done = newsflow(*(argument.format(folder=tmp_path) for argument in arguments))
    assert done.returncode == 2
    assert complaint in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_still_clock_far_ahead_leaves_what_a_used_log_holds_alone(tmp_path: Path, short_seed: Path) -> None:
    log = f"sqlite:///{tmp_path}/log.sqlite"
    assert newsflow("replay", short_seed, "--log", log).returncode == 0
    done = newsflow("replay", short_seed, "--log", log, "--now", "2099-01-01T00:00:00Z", "--json")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_a_title_with_square_brackets_is_shown_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "council.txt").write_text("Council [updated] votes [/b] on the bridge.\nTraffic was light.\n", "utf-8")
    done = newsflow("replay", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Council [updated] votes [/b]" in done.stdout


@pytest.mark.parametrize("value", ["en", "[1"])
def test_a_setting_that_is_no_json_is_one_clear_line(short_seed: Path, value: str) -> None:
    done = newsflow("replay", short_seed, NEWSFLOW_ENRICH__LANGUAGES=value)
    assert done.returncode == 2
    assert done.stderr.startswith("newsflow: setting")
    assert "Traceback" not in done.stderr


def test_a_language_that_cannot_be_told_ends_the_service_with_its_reason(short_seed: Path) -> None:
    done = newsflow("replay", short_seed, NEWSFLOW_ENRICH__LANGUAGES='["xx"]')
    assert done.returncode == 1
    assert "xx" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_list_with_a_bad_line_is_imported_without_it_removes_nothing_and_exits_with_3(tmp_path: Path) -> None:
    log = f"sqlite:///{tmp_path}/log.sqlite"
    feeds = tmp_path / "feeds.txt"
    feeds.write_text("https://a.example/feed\nhttps://b.example/feed\n", "utf-8")
    assert newsflow("feeds", "sync", feeds, "--log", log).returncode == 0
    feeds.write_text("https://a.example/feed\nhttps//b.example/feed\nhttps://c.example/feed\n", "utf-8")
    done = newsflow("feeds", "sync", feeds, "--log", log)
    assert done.returncode == 3
    assert "feeds.txt, line 2: " in done.stderr
    assert "1 left out" in done.stderr
    listed = newsflow("feeds", "list", "--json", "--log", log).stdout
    assert [name in listed for name in ("a.example", "b.example", "c.example", 'removed":true')] == [*[True] * 3, False]
