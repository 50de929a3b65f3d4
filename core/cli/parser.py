"""How the command line is read: a parser that says what was wrong in a sentence, and a command added to it."""

import argparse
from typing import NoReturn, TypeAlias


class Parser(argparse.ArgumentParser):
    """Says what was wrong in one sentence; exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Write the sentence to stderr and exit."""
        self.exit(2, f"{message[0].upper()}{message[1:]}; see {self.prog} --help.\n")


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def add_command(commands: Commands, name: str, summary: str, description: str, json_keys: str) -> Parser:
    """A command with the options that every command has; `json_keys` says what its JSON holds."""
    parser: Parser = commands.add_parser(name, help=summary, description=description, allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help=f"write JSON to stdout instead of text: {json_keys}")
    parser.add_argument(
        "--home", metavar="FOLDER", help="where runs and caches are kept (default: $ANNEAL_HOME, or ~/.anneal)"
    )
    return parser
