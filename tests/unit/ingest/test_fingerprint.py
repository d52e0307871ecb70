"""What is an edit and what is noise."""

import pytest

from services.ingest.fingerprint import MIN_KEY_CHARACTERS, hashes_of

BODY = "Rescuers found 12 survivors after the quake.\n\nThe army sent 300 soldiers."


def fingerprint(title: str, body: str) -> str:
    return hashes_of(title, None, body, has_identity=True)[0]


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Quake hits coast", BODY.replace("\n\n", "  \n ")),
        ("QUAKE hits  coast", BODY),
        ("Quake hits coast", BODY + "\n\nUpdated 10:35, 24 Jul 2026"),
        ("Quake hits coast", BODY + "\n\nLast updated: July 25, 2026 at 3 pm"),
        ("Quake hits coast", "3 minutes ago\n" + BODY),
        ("Quake hits coast", BODY + "\n123 comments"),
        ("Quake hits coast", BODY + "\n1.2k views | 45 shares"),
        ("Quake hits coast [Updated Jul 24]", BODY),
        ("Quake hits coast\u00a0", BODY),
    ],
)
def test_noise_is_no_edit(title: str, body: str) -> None:
    assert fingerprint(title, body) == fingerprint("Quake hits coast", BODY)


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Quake hits coast", BODY.replace("12", "13")),
        ("Quake hits coast", BODY.replace("300", "3000")),
        ("Quake hits the coast", BODY),
        ("Quake hits coast", BODY.replace("soldiers.", "soldiers. Updated figures are due.")),
        ("Quake hits coast", BODY + "\n\nThe count was updated to 14 dead."),
        ("Quake hits coast", BODY.replace("found", "did not find")),
        ("Quake hits coast 1.5", BODY),
    ],
)
def test_changed_words_and_numbers_are_an_edit(title: str, body: str) -> None:
    assert fingerprint(title, body) != fingerprint("Quake hits coast", BODY)


def test_quotes_and_dashes_are_alike() -> None:
    assert fingerprint("“No” – he’s out", BODY) == fingerprint('"No" - he\'s out', BODY)


def test_short_text_has_a_content_key_only_without_identity() -> None:
    assert hashes_of("T", None, "short", has_identity=True)[1] is None
    assert hashes_of("T", None, "short", has_identity=False)[1] is not None
    assert hashes_of("T", None, "x" * MIN_KEY_CHARACTERS, has_identity=True)[1] is not None
    assert hashes_of("T", "x" * MIN_KEY_CHARACTERS, None, has_identity=True)[1] is not None
