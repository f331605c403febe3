"""`python -m nemovideo_nodes.render JOB.json`: see `job`."""

import sys

from nemovideo_nodes.render.job import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
