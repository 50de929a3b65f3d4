"""What cannot be built here is at least read: the Dockerfile, the compose file, and the proxy's configuration."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from core.cli.options import Options, command_line
from core.hosting.settings import PREFIX, Settings, read_settings
from core.workspace import Workspace

ROOT = Path(__file__).parent.parent

INSTRUCTIONS = {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}


def instructions() -> list[tuple[str, str]]:
    """(instruction, rest) of the Dockerfile, continued lines joined and comments left out."""
    text = (ROOT / "Dockerfile").read_text()
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines if line.strip()]


def of(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


@pytest.fixture
def compose() -> dict:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_the_dockerfile_has_instructions_that_there_are_and_begins_with_from() -> None:
    assert {name for name, _ in instructions()} <= INSTRUCTIONS
    assert instructions()[0] == ("FROM", "python:3.11-slim")


def test_what_is_copied_exists_and_is_all_that_the_app_needs() -> None:
    sources = [source for rest in of("COPY") for source in rest.split()[:-1]]
    assert all((ROOT / source).exists() for source in sources)
    assert {"core", "pages", "app.py", "hosted.py", "requirements.txt", ".streamlit"} <= set(sources)
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert not set(sources) & set(ignored)
    assert ".streamlit/secrets.toml" in ignored


def test_torch_is_that_of_the_requirements_for_cpus_only() -> None:
    install = next(rest for rest in of("RUN") if "torch" in rest)
    pattern = re.search(r"grep -E '([^']+)'", install)
    assert pattern is not None
    found = re.findall(pattern[1] + ".*", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE)
    assert len(found) == 2
    assert "https://download.pytorch.org/whl/cpu" in install


def test_it_does_not_run_as_root_and_writes_to_the_volume_only() -> None:
    names = [name for name, _ in instructions()]
    assert of("USER") == ["anneal"]
    assert names.index("USER") < names.index("CMD")
    settings = dict(part.split("=", 1) for part in shlex.split(of("ENV")[0]))
    assert settings["ANNEAL_HOSTED"] == "1"
    assert [settings["ANNEAL_HOME"]] == of("VOLUME")


def test_what_it_starts_and_asks_for_its_health_exists() -> None:
    start = yaml.safe_load(of("CMD")[0])
    assert start[:4] == ["python", "-m", "streamlit", "run"]
    assert (ROOT / start[4]).is_file()
    health = yaml.safe_load(of("HEALTHCHECK")[0].partition("CMD ")[2])
    assert health[:3] == ["python", "-m", "core"]
    assert command_line().parse_args(health[3:], namespace=Options()).command == "health"


def test_compose_sets_settings_that_there_are_to_values_that_they_take(compose, tmp_path) -> None:
    given = compose["services"]["anneal"]["environment"]
    ours = {name: value for name, value in given.items() if name.startswith(PREFIX) and not value.startswith("${")}
    assert len(ours) == 3
    assert isinstance(read_settings(Workspace(tmp_path), ours), Settings)
    assert given["ANNEAL_HOST_TOKEN"] == "${ANNEAL_HOST_TOKEN:-}"


def test_compose_mounts_what_there_is_and_publishes_only_the_proxy(compose) -> None:
    services = compose["services"]
    assert services.keys() == {"anneal", "proxy"}
    assert "ports" not in services["anneal"]
    assert services["anneal"]["volumes"] == ["workspace:/data"]
    assert services["anneal"]["read_only"]
    assert services["anneal"]["cap_drop"] == ["ALL"]
    mounts = [volume.split(":") for volume in services["proxy"]["volumes"]]
    assert {mount[0] for mount in mounts if not mount[0].startswith(".")} <= compose["volumes"].keys()
    assert all((ROOT / mount[0]).is_file() for mount in mounts if mount[0].startswith("."))


def test_the_proxy_serves_the_base_path_and_takes_what_an_upload_may_have(compose) -> None:
    text = (ROOT / "deploy" / "Caddyfile").read_text()
    depth = 0
    for line in text.splitlines():
        code = line.split("#")[0].strip()
        depth += code.endswith("{") - (code == "}")
        assert depth >= 0
    assert depth == 0
    given = compose["services"]["anneal"]["environment"]
    base, port = given["STREAMLIT_SERVER_BASE_URL_PATH"], compose["services"]["anneal"]["expose"][0]
    assert f"handle /{base}/* {{" in text
    assert f"reverse_proxy anneal:{port}" in text
    most = re.search(r"max_size (\d+)MB", text)
    assert most is not None
    assert int(most[1]) >= 1.05 * int(given["ANNEAL_HOST_UPLOAD_MB"])


def test_the_secrets_that_are_shown_are_toml_and_hold_settings_that_there_are() -> None:
    import tomllib

    shown = re.findall(r"```toml\n(.*?)```", (ROOT / "HOSTING.md").read_text(), re.DOTALL)
    tables = [tomllib.loads(text) for text in shown]
    names = {name for table in tables for name in table}
    assert {"ANNEAL_HOSTED", "auth"} <= names
    ours = {name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX)}
    assert ours
    assert ours <= Settings.model_fields.keys()
    assert {"redirect_uri", "cookie_secret"} <= next(table["auth"] for table in tables if "auth" in table).keys()
