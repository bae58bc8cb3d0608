"""python -m grader, and the script `grader`."""

import gc
import sys


def main() -> int:
    gc.set_threshold(50_000)  # what is imported lives to the end: looking it through is a tenth of a light verb's time
    try:
        from grader import cli

        return cli.main()
    except KeyboardInterrupt:  # before cli was there to say so
        return 130
    finally:
        gc.freeze()  # nor does the end have to


if __name__ == "__main__":
    sys.exit(main())
