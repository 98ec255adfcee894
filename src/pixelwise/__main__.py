"""Run the command line as `python -m pixelwise`."""

import sys

from .cli.app import main

sys.exit(main())
