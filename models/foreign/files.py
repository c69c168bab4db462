# SPDX-License-Identifier: MIT
"""The files of the workload `file`, as in models/runtime/clients/files.c: 32 files of 1
MiB, in a folder to which nobody else may write. A reader that misses a file writes it.
A file gets its name when it is complete and on the disk.
"""
import errno
import functools
import itertools
import operator
import os
import struct

from foreign.answers import MASK, mix
from foreign.routes import Wrong

_COUNT, _WORDS, _WORD = 32, 1 << 17, 8


def place(size: int, seed: int) -> tuple[int, int]:
    """The file's number, and the offset in the file."""
    drawn = mix(seed)
    return drawn % _COUNT, (drawn >> 32) % (_WORDS - -(-size // _WORD) + 1) * _WORD


def read(number: int, offset: int, size: int, cold: int) -> int:
    """Opens, reads and closes. Returns the proof, or raises OSError."""
    descriptor = _open(number)
    try:
        if cold:
            _drop(descriptor)
        data = b""
        while len(data) < size:
            piece = os.pread(descriptor, size - len(data), offset + len(data))
            if not piece:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            data += piece
    finally:
        os.close(descriptor)
    count = -(-size // _WORD)
    words = struct.unpack(f"<{count}Q", data.ljust(count * _WORD, b"\0"))
    return (sum(map(operator.mul, words, itertools.count(1))) & MASK) >> 1


def explained(error: OSError) -> Wrong:
    words = {errno.ENOTSUP: "the folder is in memory, where no read is cold; set TROIKA_FILES to "
                            "a folder on a disk",
             errno.EPERM: "others may write to it; set TROIKA_FILES to a folder of your own"}
    return Wrong(503, f"cannot read files in {_path()}: "
                      f"{words.get(error.errno, error.strerror)}")


def _path() -> str:
    return os.environ.get("TROIKA_FILES") or f"/var/tmp/troika-{os.geteuid()}"


@functools.cache
def _folder() -> int:
    """The folder's descriptor, kept for the life of the process."""
    try:
        os.mkdir(_path(), 0o700)
    except FileExistsError:
        pass
    folder = os.open(_path(), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    about = os.fstat(folder)
    if about.st_uid != os.geteuid() or about.st_mode & 0o022:
        os.close(folder)
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))
    return folder


def _open(number: int) -> int:
    folder, name = _folder(), f"{number:02}"
    try:
        return os.open(name, os.O_RDONLY, dir_fd=folder)
    except FileNotFoundError:
        _make(folder, number, name)
    return os.open(name, os.O_RDONLY, dir_fd=folder)


def _make(folder: int, number: int, name: str) -> None:
    """Several tasks may write at once: each writes a file of its own and renames it, so
    the last one stays."""
    own = f"new-{os.urandom(8).hex()}"
    words = struct.pack(f"<{_WORDS}Q", *[mix((number << 32) + i) for i in range(_WORDS)])
    try:
        with open(own, "xb", opener=functools.partial(os.open, mode=0o600, dir_fd=folder)) as file:
            file.write(words)
            file.flush()
            os.fdatasync(file.fileno())
        os.rename(own, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.unlink(own, dir_fd=folder)
        raise


def _drop(descriptor: int) -> None:
    """Drops the whole file from the page cache: the kernel never drops a part of a
    folio."""
    if _in_memory(os.fstat(descriptor).st_dev):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


@functools.cache
def _in_memory(device: int) -> bool:
    """Whether the device is a tmpfs; Python's statvfs does not tell."""
    number = f"{os.major(device)}:{os.minor(device)}"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
        return any(fields[2] == number and fields[fields.index("-") + 1] == "tmpfs"
                   for fields in map(str.split, mounts))
