"""kcat as the feeder and the follower of a run: neither is our client."""

import asyncio
import base64
import json
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from schemas.topics import DEAD_LETTERS
from tests.faults.history import Seen
from tests.support.kafka import KcatRecord, kcat_read

FEEDS_A_SECOND = 10


def read_all(bootstrap: str, topic: str, isolation_level: str) -> list[Seen]:
    """The whole topic in order per partition."""
    return [
        seen_of(record) for record in kcat_read(bootstrap, topic, isolation_level=isolation_level, timeout_seconds=60)
    ]


def seen_of(record: KcatRecord) -> Seen:
    event_id = dict(record.headers).get("ce_id") or b"(none)"
    key, content = record.key or b"", record.value or b""
    return Seen(record.partition, record.offset, key.decode(), event_id.decode(), content.decode(errors="replace"))


def keys_and_texts(bootstrap: str, topic: str) -> list[tuple[str, str]]:
    """Of all committed records, in order per key."""
    return [((record.key or b"").decode(), (record.value or b"").decode()) for record in kcat_read(bootstrap, topic)]


def dead_letter_texts(bootstrap: str) -> list[str]:
    """What was refused, from the letters."""
    letters = [json.loads(record.value or b"") for record in kcat_read(bootstrap, DEAD_LETTERS.name)]
    return [base64.b64decode(letter["payload_base64"] or "").decode(errors="replace") for letter in letters]


class Feeder:
    """Writes lines `key TAB value` to a topic: an idempotent producer that never gives up.

    Where it does all the same, as it may while brokers die, another one goes on: what counts is what is on the topic.
    """

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        settings = ("enable.idempotence=true", "acks=all", "topic.partitioner=murmur2_random", "message.timeout.ms=0")
        options = [option for setting in settings for option in ("-X", setting)]
        return subprocess.Popen(
            ["kcat", "-P", "-b", self._bootstrap, "-t", self._topic, "-K", "\t", "-E", *options],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    async def feed_some(self, lines: Sequence[str]) -> None:
        """At once; others follow."""
        await asyncio.to_thread(self._write, lines)

    async def feed(self, lines: Sequence[str], seconds: float) -> None:
        """Spread evenly over the time; return when all are on the topic."""
        steps = max(1, round(seconds * FEEDS_A_SECOND))
        started = time.monotonic()
        for step in range(steps):
            part = lines[len(lines) * step // steps : len(lines) * (step + 1) // steps]
            await asyncio.to_thread(self._write, part)
            await asyncio.sleep(max(0.0, started + (step + 1) * seconds / steps - time.monotonic()))
        await asyncio.to_thread(self._finish)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _write(self, lines: Iterable[str]) -> None:
        text = "".join(f"{line}\n" for line in lines).encode()
        try:
            self._pipe(text)
        except BrokenPipeError:
            self._process.wait()
            self._process = self._start()
            self._pipe(text)

    def _pipe(self, text: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def _finish(self) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()


class Follower:
    """Follows a topic with `read_committed` and notes when each record came, by the monotonic clock."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._seen: list[Seen] = []
        options = ("-X", "isolation.level=read_committed", "-X", "fetch.wait.max.ms=100")
        self._process = subprocess.Popen(
            ["kcat", "-C", "-b", bootstrap, "-t", topic, "-o", "beginning", "-u", "-q", "-J", "-E", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    @property
    def seen(self) -> list[Seen]:
        return list(self._seen)

    def close(self) -> list[Seen]:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        return self.seen

    def _follow(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                at_seconds = time.monotonic()
                try:
                    fields: Mapping[str, Any] = json.loads(line.decode("utf-8", "surrogateescape"))
                except ValueError:
                    continue  # cut off by our own kill
                headers = fields.get("headers") or []
                event_id = dict(zip(headers[::2], headers[1::2], strict=True)).get("ce_id", "(none)")
                self._seen.append(Seen(fields["partition"], fields["offset"], fields["key"], event_id, "", at_seconds))
