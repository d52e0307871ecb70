"""Numbers of the Kafka adapter, each with its reason."""

from dataclasses import dataclass

from schemas.topics import MAX_RECORD_BYTES

# A record's own limit leaves out what Kafka adds: lengths, and what compression adds to bytes it cannot shrink.
MAX_MESSAGE_BYTES = MAX_RECORD_BYTES + 64 * 1024
BATCH_BYTES = 128 * 1024  # aiokafka's 16 KiB cost 3.4 times the CPU at 5 KB a record
FETCH_BYTES = MAX_MESSAGE_BYTES  # of one partition: bounds what a share holds in memory
RETRY_BACKOFF_SECONDS = 0.1  # aiokafka waits this long before it sends a request again
# Only closed segments are compacted: with Kafka's 1 GiB a restore would read old values for ever.
TABLE_SEGMENT_BYTES = 32 * 1024 * 1024
NEVER_MS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Times:
    """How long things may take. A dead member's partitions are taken over within ten seconds."""

    session_seconds: float = 6.0
    heartbeat_seconds: float = 1.5
    transaction_seconds: float = 5.0  # after which Kafka ends the transaction of a dead writer
    commit_seconds: float = 4.0
    request_seconds: float = 5.0  # above commit_seconds: aiokafka then sends an end of transaction again
    join_seconds: float = 8.0  # above session_seconds: a join waits for all members
    call_seconds: float = 10.0
    start_seconds: float = 15.0  # the first client of a new cluster waits for its internal topics
    stop_seconds: float = 3.0  # for a client to end well
    closing_seconds: float = 7.0  # from the stop of a member to the end of all its clients, what is in hand included
    grace_seconds: float = 2.0  # for work to end whose share is lost
    silence_seconds: float = 15.0  # without an answer to a fetch, of which there should be two a second
