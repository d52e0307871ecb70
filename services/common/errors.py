"""The error tree. A user's mistake is one line and exit 2; a bad world is tried again; anything else is a defect.

NewsflowError
├── UsageError            a setting, flag, path or address is wrong: exit 2
│   ├── TopicMismatch     a topic on the log is not as registered
│   └── GroupTaken        another process already holds the group of an embedded log
├── TryAgain              the world is bad, the work is not: back off, same work again
│   └── LogUnavailable    the log does not answer, or cannot write
├── OwnershipLost         a share ended: its partition moved on, or a commit's outcome is unknown
└── RecordTooLarge        a record is over the limit; nothing of its commit was written
"""


class NewsflowError(Exception):
    """Its text is one line that a person can act on."""


class UsageError(NewsflowError):
    """A user's mistake."""


class TopicMismatch(UsageError):
    """A topic on the log is missing or not as registered."""


class GroupTaken(UsageError):
    """A consumer group of an embedded log has its one member already."""


class TryAgain(NewsflowError):
    """Nothing is wrong with the work itself: it may succeed later."""


class LogUnavailable(TryAgain):
    """The event log does not answer or cannot write."""


class OwnershipLost(NewsflowError):
    """A share may no longer write. `share_out` handles it: `work` lets it pass."""


class RecordTooLarge(NewsflowError):
    """A record is larger than the log takes."""
