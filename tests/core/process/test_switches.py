"""The off switches of what is there for speed alone, as the table in core/README.md and the README have them."""

import pytest

from core.process import launch

OURS = ("GLIBC_TUNABLES", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    for name in OURS:
        monkeypatch.delenv(name, raising=False)


def test_a_value_of_ones_own_for_huge_pages_stays(monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
    assert launch.environment()["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=0"


def test_a_count_of_ones_own_for_waiting_threads_stays(monkeypatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", "300000")
    assert launch.environment()["GOMP_SPINCOUNT"] == "300000"


def test_a_policy_for_waiting_threads_takes_the_place_of_the_count(monkeypatch):
    assert launch.environment()["GOMP_SPINCOUNT"] == launch.SPINS
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert "GOMP_SPINCOUNT" not in launch.environment()
