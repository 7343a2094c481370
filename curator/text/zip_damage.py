"""What Python's zip reader raises on a file that is cut, changed, or packed in a way it does not know."""

from __future__ import annotations

import lzma
import zipfile
import zlib

ZIP_DAMAGE: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,  # bz2's complaint about its stream
    ValueError,  # a seek to before the file's beginning
    NotImplementedError,  # a compression method, or a version of the format, that is not supported
    RuntimeError,  # a member with a password
)
"""One of them while a zip file is read from memory says that the file is damaged, or protected."""
