"""`python -m shinrai`: the same as `shinrai`."""

import sys

from shinrai.cli import main

sys.exit(main())
