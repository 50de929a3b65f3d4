"""What a server for several people allows: one file of settings and the environment, read once and validated.

The environment comes before the file `hosting.toml` of the server's workspace (`ANNEAL_HOSTING` names another one).
Streamlit puts the first level of an app's secrets into the environment, so that they can be given there as well.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import WorkspaceError
from core.workspace import Workspace

FILE = "hosting.toml"
PREFIX = "ANNEAL_HOST_"
"""What the name of a setting begins with in the environment: ANNEAL_HOST_UPLOAD_MB."""

SERVICES = (
    ("SPACE_ID", "Hugging Face Spaces"),
    ("K_SERVICE", "Cloud Run"),
    ("RENDER", "Render"),
    ("DYNO", "Heroku"),
    ("FLY_APP_NAME", "Fly.io"),
    ("RAILWAY_ENVIRONMENT", "Railway"),
    ("WEBSITE_SITE_NAME", "Azure App Service"),
)
"""Variables that hosting services set, and the services."""

COMMUNITY_CLOUD = Path("/mount/src")
"""Where Streamlit Community Cloud puts an app's repository."""

Download = Literal["imagenette", "pets", "cifar10", "fashionmnist", "flowers102", "eurosat"]


class Settings(BaseModel):
    """The limits of a server. Sizes in MB are of 1,000,000 bytes.

    `upload_mb` and `upload_files` are for one upload, `pixels` for the images of a data set together, as they are
    uploaded and as they are decoded to one size. `disk_mb` is what one visitor may keep, `total_disk_mb` all of them
    with what they share; `keep_free_mb` stays free on the disk. `epochs`, `minutes` and `memory_mb` are for one job,
    `waiting` for the jobs of one visitor that wait; one of them runs at a time. `jobs` run at a time on the whole
    server, with `total_memory_mb` for them and the app together (0: what the machine or the container has).
    `idle_hours` after a visitor's last page, all that is his is removed. `visitors` may have a workspace at a time.
    `downloads` are sets that visitors may have fetched. `token` opens the host's page; without one it stays closed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    upload_mb: int = Field(default=100, ge=1, le=20_000)
    upload_files: int = Field(default=5_000, ge=1, le=200_000)
    pixels: int = Field(default=500_000_000, ge=1_000_000)
    disk_mb: int = Field(default=1_000, ge=10)
    total_disk_mb: int = Field(default=20_000, ge=100)
    keep_free_mb: int = Field(default=500, ge=0)
    epochs: int = Field(default=50, ge=1)
    minutes: float = Field(default=20, gt=0, le=24 * 60)
    waiting: int = Field(default=3, ge=1, le=100)
    jobs: int = Field(default=1, ge=1, le=64)
    memory_mb: int = Field(default=2_500, ge=500)
    total_memory_mb: int = Field(default=0, ge=0)
    idle_hours: float = Field(default=24, gt=0, le=24 * 365)
    visitors: int = Field(default=500, ge=1)
    downloads: tuple[Download, ...] = ()
    token: str = Field(default="", pattern=r"^$|^\S{16,}$", repr=False)


def service(environment: Mapping[str, str] = os.environ) -> str | None:
    """The hosting service that this process runs on; None where none is recognised."""
    named = next((title for variable, title in SERVICES if environment.get(variable)), None)
    if named is None and COMMUNITY_CLOUD in Path(__file__).parents:
        return "Streamlit Community Cloud"
    return named


def is_hosted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a server for several people: ANNEAL_HOSTED says so (1 or 0), else where it runs.

    Raises `WorkspaceError` for anything else, so that a mistyped word opens no server.
    """
    said = environment.get("ANNEAL_HOSTED", "").strip().casefold()
    if said in ("1", "true", "yes", "on"):
        return True
    if said in ("0", "false", "no", "off"):
        return False
    if said:
        raise WorkspaceError(f"ANNEAL_HOSTED is {said!r}. Set it to 1 for a server for several people, or to 0.")
    return service(environment) is not None


def read_settings(host: Workspace, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the server whose workspace is `host`; raises `WorkspaceError` with the first that is wrong."""
    named = environment.get("ANNEAL_HOSTING")
    path = Path(named) if named else host.root / FILE
    values: dict[str, Any] = _in_file(path, wanted=bool(named))
    known = Settings.model_fields
    for name, text in environment.items():
        key = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX):
            values[key] = tuple(text.replace(",", " ").split()) if key == "downloads" else text.strip()
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = str(first["loc"][0]) if first["loc"] else "?"
        if key not in known:
            raise WorkspaceError(
                f"There is no setting {key} for a server. Take it out of {path.name} or the environment; "
                f"there are: {', '.join(known)}."
            ) from error
        wrong = "16 characters or more without spaces" if key == "token" else _lowered(str(first["msg"]))
        raise WorkspaceError(
            f"The setting {key} of this server cannot be used ({wrong}). Put it right in {path.name} or in "
            f"{PREFIX}{key.upper()}."
        ) from error


def _in_file(path: Path, *, wanted: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if wanted:
            raise WorkspaceError(
                f"There is no file {path} with this server's settings. Put it there, or unset ANNEAL_HOSTING."
            ) from error
        return {}
    except (OSError, ValueError) as error:
        raise WorkspaceError(f"{path} cannot be read as TOML ({error}). Put the file right and try again.") from error


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


_seen: dict[Path, tuple[tuple[object, ...], Settings]] = {}


def settings_of(workspace: Workspace) -> Settings:
    """The settings of the server that a visitor's workspace (or the server's own) belongs to, as they are now."""
    host = workspace.pool
    path = Path(os.environ.get("ANNEAL_HOSTING") or host.root / FILE)
    given = tuple(sorted(item for item in os.environ.items() if item[0].startswith(PREFIX)))
    try:
        facts = path.stat()
        key: tuple[object, ...] = (given, path, facts.st_mtime_ns, facts.st_size)
    except OSError:
        key = (given, path)
    known = _seen.get(host.root)
    if known is None or known[0] != key:
        known = (key, read_settings(host))
        _seen[host.root] = known
    return known[1]
