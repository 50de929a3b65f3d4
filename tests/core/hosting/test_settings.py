import tomllib
from pathlib import Path

import pytest

from core.errors import WorkspaceError
from core.hosting import settings
from core.hosting.settings import Settings, is_hosted, read_settings, service, settings_of
from core.workspace import Workspace


@pytest.fixture
def host(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_a_machine_of_ones_own_is_no_server() -> None:
    assert not is_hosted({})
    assert service({}) is None


@pytest.mark.parametrize("said", ["1", "true", "Yes", " on "])
def test_the_variable_makes_it_one(said: str) -> None:
    assert is_hosted({"ANNEAL_HOSTED": said})


@pytest.mark.parametrize("variable", [variable for variable, _ in settings.SERVICES])
def test_a_service_is_recognised_and_can_be_overruled(variable: str) -> None:
    assert is_hosted({variable: "abc"})
    assert not is_hosted({variable: "abc", "ANNEAL_HOSTED": "0"})


def test_community_cloud_is_recognised_by_where_the_code_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "COMMUNITY_CLOUD", Path(settings.__file__).parents[2])
    assert service({}) == "Streamlit Community Cloud"
    assert is_hosted({})


def test_a_mistyped_word_is_refused_instead_of_opening_the_machine() -> None:
    with pytest.raises(WorkspaceError, match="ANNEAL_HOSTED is 'ture'"):
        is_hosted({"ANNEAL_HOSTED": "ture"})


def test_the_environment_comes_before_the_file(host: Workspace) -> None:
    (host.root / "hosting.toml").write_text('upload_mb = 7\nepochs = 9\ndownloads = ["cifar10"]\n')
    read = read_settings(host, {"ANNEAL_HOST_EPOCHS": "4"})
    assert (read.upload_mb, read.epochs, read.downloads) == (7, 4, ("cifar10",))
    assert read_settings(host, {"ANNEAL_HOST_DOWNLOADS": "pets, eurosat"}).downloads == ("pets", "eurosat")
    assert read_settings(Workspace(host.root / "none"), {}) == Settings()


def test_another_file_can_be_named(host: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("minutes = 2.5")
    assert read_settings(host, {"ANNEAL_HOSTING": str(file)}).minutes == 2.5
    with pytest.raises(WorkspaceError, match=r"There is no file .*gone\.toml"):
        read_settings(host, {"ANNEAL_HOSTING": str(tmp_path / "gone.toml")})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("epochs = 0", "The setting epochs of this server cannot be used .*ANNEAL_HOST_EPOCHS"),
        ("epochs = 'many'", "The setting epochs"),
        ("minutes = nan", "The setting minutes"),
        ("minutes = inf", "The setting minutes"),
        ("epoch = 3", "There is no setting epoch .*upload_mb"),
        ("token = 'short'", "The setting token .*16 characters or more"),
        ("downloads = ['/etc']", "The setting downloads"),
        ("epochs =", "cannot be read as TOML"),
    ],
)
def test_what_is_wrong_is_said(host: Workspace, written: str, said: str) -> None:
    (host.root / "hosting.toml").write_text(written)
    with pytest.raises(WorkspaceError, match=said):
        read_settings(host, {})


def test_the_token_is_in_no_message_and_no_picture_of_the_settings(host: Workspace) -> None:
    secret = "0123456789abcdef0123"
    (host.root / "hosting.toml").write_text(f'token = "{secret}"\nepochs = -1')
    with pytest.raises(WorkspaceError) as refused:
        read_settings(host, {})
    assert secret not in str(refused.value)
    assert secret not in repr(Settings(token=secret))


def test_a_visitors_settings_are_the_servers_and_follow_the_file(host: Workspace) -> None:
    visitor = Workspace(host.root / "visitors" / ("a" * 32))
    (host.root / "hosting.toml").write_text("epochs = 5")
    assert settings_of(visitor).epochs == 5
    (host.root / "hosting.toml").write_text("epochs = 16")
    assert settings_of(visitor).epochs == 16


def test_the_file_that_is_shown_has_every_setting_as_it_is_by_default() -> None:
    shown = tomllib.loads((Path(__file__).parents[3] / "hosting.toml").read_text())
    assert shown.keys() == Settings.model_fields.keys()
    assert Settings.model_validate(shown) == Settings()
