"""Files are written whole or not at all, whatever happens."""

import os
import subprocess
import sys
import time

import pytest

from wsnb.errors import DataError, RecordError
from wsnb.files import write_whole


def full(*_, **__):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("content", [b"content", lambda file: file.write(b"content")])
def test_what_is_given_is_written_and_others_may_read_it(tmp_path, content):
    write_whole(tmp_path / "a" / "x", content, what="x")
    assert (tmp_path / "a" / "x").read_bytes() == b"content"
    assert (tmp_path / "a" / "x").stat().st_mode & 0o777 == 0o644 and len(list((tmp_path / "a").iterdir())) == 1


def test_without_replace_the_first_stays(tmp_path):
    write_whole(tmp_path / "x", b"first", what="x", replace=False)
    write_whole(tmp_path / "x", b"second", what="x", replace=False)
    assert (tmp_path / "x").read_bytes() == b"first"
    write_whole(tmp_path / "x", b"third", what="x")
    assert (tmp_path / "x").read_bytes() == b"third" and len(list(tmp_path.iterdir())) == 1


def test_where_there_are_no_hard_links_it_is_renamed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", full)
    write_whole(tmp_path / "x", b"first", what="x", replace=False)
    assert (tmp_path / "x").read_bytes() == b"first" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("step", ["fsync", "replace", "content"])
def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(tmp_path, monkeypatch, step):
    write_whole(tmp_path / "x", b"before", what="x")
    if step != "content":
        monkeypatch.setattr(os, step, full)
    with pytest.raises(DataError, match=f"write the pixels in {tmp_path}: No space left on device"):
        write_whole(tmp_path / "x", full if step == "content" else b"after", what="the pixels", error=DataError)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


def test_a_folder_that_cannot_be_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="Could not write the record in .*file"):
        write_whole(tmp_path / "file" / "x", b"", what="the record")


def test_an_interrupt_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "x", b"content", what="x")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_half_written_is_removed_and_what_another_is_writing_is_not(tmp_path):
    killed = "import os, signal, sys; from pathlib import Path; from wsnb.files import write_whole\n"
    killed += "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
    killed += "write_whole(Path(sys.argv[1]), b'half', what='it')"
    subprocess.run([sys.executable, "-c", killed, str(tmp_path / "killed")], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name != "killed"
    (mine := tmp_path / ".mine").write_text("old, and nothing of ours")
    os.utime(mine, (0, 0))

    write_whole(tmp_path / "x", b"", what="x")
    assert sorted(tmp_path.iterdir()) == sorted([left, mine, tmp_path / "x"]), "it may still be written"
    an_hour_ago = time.time() - 3601
    os.utime(left, (an_hour_ago, an_hour_ago))
    write_whole(tmp_path / "y", b"", what="y")
    assert sorted(tmp_path.iterdir()) == sorted([mine, tmp_path / "x", tmp_path / "y"])
