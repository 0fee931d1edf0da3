"""Names by which others find this package."""

from __future__ import annotations

GROUP = "tblvm"  # of the entry points that plug-ins have
