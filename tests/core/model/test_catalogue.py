"""What is offered can be listed without waiting for torch."""

import subprocess
import sys

from core.model.catalogue import BACKBONES


def test_listing_the_offers_does_not_import_torch():
    code = "import sys, core.model.catalogue; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_first_offer_needs_no_network_and_names_agree():
    offers = list(BACKBONES.values())
    assert offers[0].pretrained_offline
    assert all(name == offer.name for name, offer in BACKBONES.items())
    assert all(offer.has_weights or not offer.pretrained_offline for offer in offers)
