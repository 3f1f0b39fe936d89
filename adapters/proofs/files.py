"""Files that survive a crash: written whole and safely on disk, or not there at all."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

_AT_ONCE: Final = 16


def write(file: Path, content: bytes) -> None:
    """Put the content in place of what was there, at once and for good; the folder must exist."""
    beside = _beside(file)
    write_new(beside, content)
    os.replace(beside, file)
    sync(file.parent)


def place(file: Path, content: bytes) -> None:
    """Put the content in place, at once for whoever reads; for good only after ``sync`` of the file and its folder."""
    beside = _beside(file)
    beside.write_bytes(content)
    os.replace(beside, file)


def write_new(file: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file and wait until it is on disk. What is left of an earlier attempt is overwritten."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(handle)


def _beside(file: Path) -> Path:
    return file.with_name(f".{file.name}.{os.getpid()}")


def sync(place: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on disk."""
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(places: Sequence[Path]) -> None:
    """``sync`` of each, many at a time: the disk makes them last together, and the wait is for all at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(sync, places):
            pass


def make(folder: Path) -> None:
    """Make a folder and whatever is above it, each for good."""
    if not folder.is_dir():
        make(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)
