"""`make quality`: how right the tags are, on articles marked by hand. `tests/gold/README.md` tells what is right."""

import argparse
from pathlib import Path

from tests.quality import page
from tests.quality.gold import PARTS, read_gold
from tests.quality.measure import installed_systems, tag_items
from tests.quality.tables import figures, report, size


def main() -> None:
    options = _parse_options()
    parts = {name: read_gold(name) for name in (PARTS if options.write else (options.part,))}
    systems = dict(installed_systems())
    outcomes = {
        part: {name: tag_items(taggers, items) for name, taggers in systems.items()} for part, items in parts.items()
    }
    for part, items in parts.items():
        print(f"## {part}: {size(items)}\n\n{report(part, outcomes[part], options.worst)}\n")
    if options.write:
        page.write({f"{part}: {size(items)}": figures(outcomes[part]) for part, items in parts.items()})


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.quality", description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, default="dev", help="default: dev")
    parser.add_argument("--worst", type=int, default=12, metavar="N", help="articles told in full (default: 12)")
    parser.add_argument("--write", action="store_true", help=f"measure both parts and write {Path(page.PAGE).name}")
    return parser.parse_args()


if __name__ == "__main__":
    main()
