"""python -m grader, and the script `grader`."""

import gc
import os
import sys


def main() -> int:
    gc.set_threshold(50_000)  # what is imported lives to the end: looking it through is a tenth of a light verb's time
    try:
        from grader import cli, ranges

        code = cli.main()
        if "torch" in sys.modules and not ranges.attached():
            _leave(code)
        return code
    except KeyboardInterrupt:  # before cli was there to say so
        return 130
    finally:
        gc.freeze()  # nor does the end have to


def _leave(code: int) -> None:
    """All is said and kept: torch and its context take half a second to be taken down in order, and none otherwise."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads any more: Python says so
        return
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
