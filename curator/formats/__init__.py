"""Reading and writing datasets: what a row means is a format's matter, what file it stands in a container's."""

from __future__ import annotations

from curator.formats.base import Format
from curator.formats.files import BadRow, WriteReport, read_records, read_rows, write_records

__all__ = ["BadRow", "Format", "WriteReport", "read_records", "read_rows", "write_records"]
