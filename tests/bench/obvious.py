"""What one would write first."""

from html.parser import HTMLParser


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def obvious_text(value: str) -> str:
    """The text of HTML."""
    parser = _Text()
    parser.feed(value)
    return " ".join(parser.parts)
