"""python -m grader"""

import sys

if __name__ == "__main__":
    try:
        from grader.cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # before main was there to say so
        sys.exit(130)
