"""How many processor cores this process may really use."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = _CGROUP) -> int:
    """Count the cores that the scheduler and the container's quota leave this process.

    Args:
        cgroup: where Linux shows the container's limits (version 2, or version 1's `cpu` folder).

    Returns:
        How many, 1 and up.
    """
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    quota = _quota(cgroup)
    return cores if quota is None else max(1, min(cores, int(quota)))


def _quota(cgroup: Path) -> float | None:
    try:
        quota, period = (cgroup / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        quota, period = _version_1(cgroup)
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() and int(period) else None


def _version_1(cgroup: Path) -> tuple[str, str]:
    try:
        quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text(encoding="ascii")
        period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text(encoding="ascii")
    except OSError:
        return "max", ""
    return quota.strip(), period.strip()
