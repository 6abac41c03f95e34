"""The command `qtoolkit`, also as `python -m qtoolkit`: an interrupt is met before anything large
is loaded."""

import os
import signal


def main() -> None:
    """Entry point of the command."""
    leave_quietly()
    from qtoolkit.runs import cli
    from qtoolkit.runs.imports import skip_address_grammar

    skip_address_grammar()
    cli.main()


def leave_quietly() -> None:
    """Until the command begins there is nothing to clean up and nothing to say: an interrupt ends
    it at once."""
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: os._exit(130))


if __name__ == "__main__":
    main()
