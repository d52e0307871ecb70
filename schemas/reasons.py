"""Why something did not go through: one closed list for dead letters, feed status and metric labels."""

from enum import StrEnum


class Reason(StrEnum):
    """Each value is stable: machines match on it. People read the one-line detail beside it."""

    # The address could not be reached.
    ADDRESS_INVALID = "address_invalid"
    ADDRESS_REFUSED = "address_refused"
    NAME_UNKNOWN = "name_unknown"
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    TIMED_OUT = "timed_out"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    REDIRECT_REFUSED = "redirect_refused"
    PROTOCOL_BROKEN = "protocol_broken"

    # We do not ask.
    ROBOTS_DISALLOWED = "robots_disallowed"
    CREDENTIALS_MISSING = "credentials_missing"

    # The server said no.
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    GONE = "gone"
    RATE_LIMITED = "rate_limited"
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"
    UNEXPECTED_STATUS = "unexpected_status"

    # The body is no feed.
    BODY_EMPTY = "body_empty"
    BODY_TOO_LARGE = "body_too_large"
    BODY_ENCODING_BROKEN = "body_encoding_broken"
    BODY_IS_HTML = "body_is_html"
    BOT_CHALLENGE = "bot_challenge"
    LOGIN_WALL = "login_wall"
    NOT_A_FEED = "not_a_feed"
    MALFORMED = "malformed"
    PARSER_FAILED = "parser_failed"

    # One entry or record is bad.
    ENTRY_WITHOUT_CONTENT = "entry_without_content"
    ENTRY_INVALID = "entry_invalid"
    RECORD_UNDECODABLE = "record_undecodable"
    RECORD_INVALID = "record_invalid"
    RECORD_TOO_LARGE = "record_too_large"

    # Work on it failed.
    TAGGED_IN_PART = "tagged_in_part"
    TAGGER_FAILED = "tagger_failed"
    WORKER_DIED = "worker_died"
    WORKER_TIMED_OUT = "worker_timed_out"
