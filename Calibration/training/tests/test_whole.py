"""Files appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadtrain.whole import written_whole


def test_what_was_there_stays_until_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new/file"
    with written_whole(path) as unfinished:
        unfinished.write_text("first")
        assert not path.exists()
    with pytest.raises(KeyboardInterrupt), written_whole(path) as unfinished:
        unfinished.write_text("sec")
        raise KeyboardInterrupt
    assert path.read_text() == "first"
    with written_whole(path) as unfinished:
        unfinished.write_text("second")
    assert path.read_text() == "second" and list(path.parent.iterdir()) == [path]
