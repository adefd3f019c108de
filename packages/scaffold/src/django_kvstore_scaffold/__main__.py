"""``python -m django_kvstore_scaffold shelf``, where scripts are not on the path."""

from __future__ import annotations

import sys

from .command import main

sys.exit(main())
