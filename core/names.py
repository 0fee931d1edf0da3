"""Names by which others find this package."""

from __future__ import annotations

GROUP = "tblvm"  # of the entry points that plug-ins have

# The variable of the environment that asks for each call of a hook to be told.
TRACE = "TBLVM_TRACE_PLUGINS"
