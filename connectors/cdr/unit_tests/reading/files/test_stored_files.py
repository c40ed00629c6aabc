"""Files on their way: whole in their place or not there, and nowhere else."""

import hashlib
from pathlib import Path

import pytest

from cdr.reading.files.stored_files import FileStore
from cdr.schema.errors import ConfigError


def kept(store, *pieces, name="name"):
    with store.part("recording_files", name) as part:
        for piece in pieces:
            part.write(piece)
        return store.keep("recording_files", name, part)


def test_a_file_that_is_whole_is_in_its_place_under_its_name(tmp_path):
    stored = kept(FileStore(tmp_path), b"one ", b"two")
    assert (tmp_path / "recording_files" / "name").read_bytes() == b"one two"
    assert stored.path == str(tmp_path / "recording_files" / "name")
    assert (stored.relative, stored.size) == ("recording_files/name", 7)
    assert stored.sha256 == hashlib.sha256(b"one two").hexdigest()
    assert [path.name for path in (tmp_path / "recording_files").iterdir()] == ["name"]


def test_of_a_file_that_is_not_whole_nothing_stays(tmp_path):
    with FileStore(tmp_path).part("recording_files", "name") as part:
        part.write(b"half")
    assert [*(tmp_path / "recording_files").iterdir()] == []


def test_what_a_killed_sync_left_is_written_over(tmp_path):
    (tmp_path / "recording_files").mkdir()
    (tmp_path / "recording_files" / "name.part").write_bytes(b"much that was left")
    assert kept(FileStore(tmp_path), b"new").size == 3
    assert (tmp_path / "recording_files" / "name").read_bytes() == b"new"


def test_a_file_that_begins_again_has_nothing_of_before(tmp_path):
    store = FileStore(tmp_path)
    with store.part("recording_files", "name") as part:
        part.write(b"before")
        part.restart()
        part.write(b"now")
        stored = store.keep("recording_files", "name", part)
    assert (tmp_path / "recording_files" / "name").read_bytes() == b"now"
    assert (stored.size, stored.sha256) == (3, hashlib.sha256(b"now").hexdigest())


def test_a_link_that_somebody_laid_there_is_not_followed(tmp_path):
    """The folder may lie below one in which everybody writes."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (tmp_path / "recording_files").mkdir()
    (tmp_path / "recording_files" / "name.part").symlink_to(precious)
    with pytest.raises(ConfigError, match="cannot be written"):
        kept(FileStore(tmp_path), b"new")
    (tmp_path / "recording_files" / "other").symlink_to(precious)
    kept(FileStore(tmp_path), b"new", name="other")
    assert precious.read_bytes() == b"precious"
    assert not (tmp_path / "recording_files" / "other").is_symlink()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "recording_files").write_bytes(b"a file in the place of the folder")
    with pytest.raises(ConfigError, match=f"The folder for files, {tmp_path}.*cannot be written"):
        kept(FileStore(tmp_path), b"new")


def test_a_disk_that_is_full_is_a_setting_to_mend(tmp_path):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this machine has no /dev/full")
    with FileStore(tmp_path).part("recording_files", "name") as part, full.open("wb", buffering=0) as device:
        part._file.close()
        part._file = device
        with pytest.raises(ConfigError, match="No space left"):
            part.write(b"x" * 100_000)
