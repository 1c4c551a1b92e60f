"""A file of lines that is only appended to.

A line that a crash cut off is removed when the file is opened again: what it said was not acknowledged, and comes again.
"""

import os

PIECE_BYTES = 64 * 1024


class LineFile:
    def __init__(self, path):
        self._file = open(path, "a+b")
        self._file.truncate(self._end_of_lines())

    def append(self, lines):
        """Returns when they are on the disk."""
        if lines:
            self._file.write("".join(line + "\n" for line in lines).encode())
            self._file.flush()
            os.fdatasync(self._file.fileno())

    def close(self):
        self._file.close()

    def _end_of_lines(self):
        end = self._file.seek(0, os.SEEK_END)
        while end > 0:
            begin = max(0, end - PIECE_BYTES)
            self._file.seek(begin)
            last = self._file.read(end - begin).rfind(b"\n")
            if last >= 0:
                return begin + last + 1
            end = begin
        return 0
