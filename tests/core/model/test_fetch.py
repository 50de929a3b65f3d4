import subprocess

import pytest

from core.errors import ModelError, WeightsUnavailableError
from core.model import fetch


def test_what_is_here_is_known_without_a_look() -> None:
    assert fetch.is_at_hand("small_cnn", pretrained=True)
    assert fetch.is_at_hand("efficientnet_lite0", pretrained=True)
    assert fetch.is_at_hand("resnet18", pretrained=False)
    assert not fetch.is_at_hand("resnet18", pretrained=True)
    assert not fetch.is_at_hand("no_such_network", pretrained=False)


def test_a_name_that_nothing_answers_to_is_refused() -> None:
    with pytest.raises(ModelError, match="no_such_network"):
        fetch.fetch("no_such_network", pretrained=False)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('{"error": "No weights.", "weights": true}', WeightsUnavailableError),
        ('{"error": "No such network.", "weights": false}', ModelError),
    ],
)
def test_what_the_process_says_becomes_an_error(
    monkeypatch: pytest.MonkeyPatch, line: str, error: type[ModelError]
) -> None:
    done = subprocess.CompletedProcess([], 0, stdout=f"a word of somebody else's\n{line}\n", stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(error, match=r"^No ") as raised:
        fetch.fetch("resnet18")
    assert type(raised.value) is error
