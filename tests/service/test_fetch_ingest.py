"""Polling as a service: a real log, real HTTP, real worker processes."""

from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from schemas.feed import FeedStatus
from schemas.reasons import Reason
from schemas.topics import RAW
from services.common.event_log.port import Record
from services.ingest.settings import ScheduleSettings
from tests.support.polling import (
    HOME,
    QUICK,
    events,
    feed,
    hosts,
    ingest,
    opened_log,
    records,
    states,
    until,
    until_polled,
    write,
)
from tests.support.site import Site

ITEM = "<item><guid>{0}</guid><title>Story {0}</title><link>https://home.example/{0}</link></item>"


def document(*numbers: int) -> bytes:
    items = "".join(ITEM.format(number) for number in numbers)
    return f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()


async def test_a_restart_repeats_nothing_and_asks_with_the_validators_it_kept(site: Site, tmp_path: Path) -> None:
    url = site.answers("/feed", document(1, 2), ETag='"1"')
    async with opened_log(tmp_path) as log:
        await write(log, feed("a", url))
        async with ingest(log):
            await until_polled(log, ["a"])
        site.answers("/feed", b"", 304, ETag='"2"')
        await write(log, feed("a", url, poll_requested_at=datetime.now(UTC)))
        async with ingest(log):

            async def polled_again() -> bool:
                return (await states(log))["a"].etag == '"2"'

            await until(polled_again)
        assert [request.headers.get("If-None-Match") for request in site.seen] == [None, '"1"']
        assert len(await records(log, RAW.name)) == 2
        state = (await states(log))["a"]
        assert (state.status, state.failures_in_row) == (FeedStatus.HEALTHY, 0)


async def test_somebody_who_asks_for_a_poll_gets_one_and_one_only(site: Site, tmp_path: Path) -> None:
    url = site.answers("/feed", document(1))
    async with opened_log(tmp_path) as log:
        await write(log, feed("a", url))
        async with ingest(log):
            await until_polled(log, ["a"])
            site.answers("/feed", document(1, 2))
            # The clock of who asks may be ahead of ours.
            asked = datetime(2099, 1, 1, tzinfo=UTC)
            await write(log, feed("a", url, poll_requested_at=asked))

            async def served() -> bool:
                return (await states(log))["a"].poll_requested_at == asked

            await until(served)
            await write(log, feed("b", site.answers("/other", document(3))))
            await until_polled(log, ["b"])
        assert [request.path for request in site.seen] == ["/feed", "/feed", "/other"]
        assert len(await records(log, RAW.name)) == 3


async def test_too_many_requests_rest_all_feeds_of_the_host_over_a_takeover_and_no_other(
    site: Site, tmp_path: Path
) -> None:
    limited = site.answers("/limited", b"", 429, Retry_After="1800")
    others = [site.answers(f"/other{number}", document(number)) for number in range(3)]
    elsewhere = site.answers("/elsewhere", document(9)).replace("127.0.0.1", "localhost")
    async with opened_log(tmp_path) as log:
        await write(log, feed("limited", limited))
        async with ingest(log):
            await until_polled(log, ["limited"])
        host = (await hosts(log))[f"127.0.0.1:{site.server.port}"]
        assert (host.strikes, host.reason, host.home) == (1, Reason.RATE_LIMITED, HOME)
        await write(log, *(feed(f"other{number}", url) for number, url in enumerate(others)))
        await write(log, feed("elsewhere", elsewhere))
        async with ingest(log):
            await until_polled(log, ["elsewhere"])
        assert [request.path for request in site.seen] == ["/limited", "/elsewhere"]
        assert set(await states(log)) == {"limited", "elsewhere"}
        state = (await states(log))["limited"]
        assert (state.next_poll_at - host.cooling_until).total_seconds() > -1


async def test_a_feed_that_is_paused_taken_up_and_removed_says_so(site: Site, tmp_path: Path) -> None:
    url = site.answers("/feed", document(1))
    async with opened_log(tmp_path) as log:

        async def stands(status: FeedStatus) -> None:
            async def so() -> bool:
                return "a" in (found := await states(log)) and found["a"].status is status

            await until(so)

        async with ingest(log):
            await write(log, feed("a", url))
            await stands(FeedStatus.HEALTHY)
            await write(log, feed("a", url, paused=True))
            await stands(FeedStatus.PAUSED)
            await write(log, feed("a", url, poll_requested_at=datetime.now(UTC)))
            await stands(FeedStatus.HEALTHY)
            await write(log, feed("a", url, removed=True))
            await stands(FeedStatus.REMOVED)
        told = [(event.previous, event.status) for event in await events(log)]
        assert told == [
            (FeedStatus.NEW, FeedStatus.HEALTHY),
            (FeedStatus.HEALTHY, FeedStatus.PAUSED),
            (FeedStatus.PAUSED, FeedStatus.NEW),
            (FeedStatus.NEW, FeedStatus.HEALTHY),
            (FeedStatus.HEALTHY, FeedStatus.REMOVED),
        ]


async def test_a_feed_that_fails_at_a_new_address_is_not_hammered(site: Site, tmp_path: Path) -> None:
    url = site.answers("/feed", document(1), ETag='"1"')
    async with opened_log(tmp_path) as log:
        await write(log, feed("a", url))
        async with ingest(log):
            await until_polled(log, ["a"])
            new = site.answers("/new", b"", 404)
            await write(log, feed("a", new))

            async def failed() -> bool:
                return (await states(log))["a"].reason is Reason.NOT_FOUND

            await until(failed)
            await write(log, feed("b", site.answers("/other", document(3))))
            await until_polled(log, ["b"])
        assert [request.path for request in site.seen] == ["/feed", "/new", "/other"]
        assert "If-None-Match" not in site.seen[1].headers
        state = (await states(log))["a"]
        assert (state.url, state.etag, state.failures_in_row) == (new, None, 1)


async def test_a_permanent_redirect_is_adopted_and_the_articles_keep_their_ids(site: Site, tmp_path: Path) -> None:
    schedule = ScheduleSettings(
        interval_seconds=0.05,
        max_interval_seconds=0.05,
        redirect_proof_polls=3,
        redirect_proof_seconds=0.1,
        starts_per_second=1_000.0,
    )
    site.answers("/new", document(1, 2))
    url = site.answers("/old", b"", 301, Location="/new")
    async with opened_log(tmp_path) as log:
        await write(log, feed("a", url))
        async with ingest(log, QUICK.model_copy(update={"schedule": schedule})):

            async def moved() -> bool:
                return "a" in (found := await states(log)) and found["a"].moved_to is not None

            await until(moved)
            site.answers("/old", b"the old host is dead", 500)
            site.answers("/new", document(1, 2, 3))

            async def has_third() -> bool:
                return len(await records(log, RAW.name)) == 3

            await until(has_third)
        state = (await states(log))["a"]
        assert (state.url, state.moved_to, state.status) == (url, site.url("/new"), FeedStatus.MOVED)
        event = (await events(log))[-1]
        assert event.status is FeedStatus.MOVED
        assert site.url("/new") not in event.model_dump_json(), "addresses are not public"


async def test_a_purge_during_a_poll_leaves_nothing_behind(site: Site, tmp_path: Path) -> None:
    from asyncio import Event

    arrived, may_go = Event(), Event()

    async def slow(_: web.Request) -> web.Response:
        arrived.set()
        await may_go.wait()
        return web.Response(body=document(1))

    site.handlers["/slow"] = slow
    async with opened_log(tmp_path) as log:
        await write(log, feed("a", site.url("/slow")))
        async with ingest(log):
            await arrived.wait()
            await log.append([Record("news.feeds.v1", "a", None, partition_key=HOME)])
            other = site.answers("/other", document(3)).replace("127.0.0.1", "localhost")
            await write(log, feed("b", other))
            await until_polled(log, ["b"])
            may_go.set()
            await write(log, feed("c", site.answers("/more", document(4))))
            await until_polled(log, ["c"])
        assert set(await states(log)) == {"b", "c"}
        assert len(await records(log, RAW.name)) == 2
