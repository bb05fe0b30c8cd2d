"""Values that authors draw for a brief."""

from __future__ import annotations

import ipaddress
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlings.errors import LabError
from cloudlings.lab import names

seeds = st.integers(min_value=0, max_value=2**64).map(random.Random)
# Rules for general purpose buckets, from the S3 User Guide's page on bucket naming.
BUCKET = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@given(seeds, st.lists(st.text(st.sampled_from("abcXYZ019-_. "), min_size=1, max_size=40), max_size=3))
def test_a_bucket_name_is_valid(rng: random.Random, words: list[str]) -> None:
    """Whatever the words, the name is one that S3 takes, or the words are refused."""
    try:
        name = names.bucket(rng, *words)
    except LabError:
        assert not any(character.isalnum() for word in words for character in word)
        return
    assert BUCKET.fullmatch(name)
    assert not name.endswith(("-s3alias", "--ol-s3", "--x-s3", "--table-s3", ".mrap"))


@pytest.mark.parametrize("word", ["xn--a", "sthree-a", "amzn-s3-demo-a", "--", ""])
def test_reserved_words_make_no_bucket(word: str) -> None:
    """A beginning that S3 reserves, and words without a letter, are refused or mended."""
    rng = random.Random(1)
    if word == "xn--a":
        assert names.bucket(rng, word).startswith("xn-a-")
        return
    with pytest.raises(LabError, match="no bucket name"):
        names.bucket(rng, word)


@given(seeds, st.integers(0, 16), st.integers(16, 28))
def test_networks_do_not_overlap(rng: random.Random, count: int, prefix: int) -> None:
    """The networks are inside the outer one, of the length asked for, and apart from each other."""
    made = [ipaddress.ip_network(each) for each in names.cidrs(rng, count, prefix, "10.0.0.0/12")]
    assert len(made) == count
    outer = ipaddress.ip_network("10.0.0.0/12")
    for index, network in enumerate(made):
        assert network.prefixlen == prefix
        assert network.subnet_of(outer)
        assert not any(network.overlaps(other) for other in made[:index])


def test_networks_fill_their_outer_one_and_no_more() -> None:
    """As many as fit are found, in some order; one more is refused."""
    four = names.subnets(random.Random(3), "10.1.0.0/22", 4)
    assert sorted(four) == ["10.1.0.0/24", "10.1.1.0/24", "10.1.2.0/24", "10.1.3.0/24"]
    with pytest.raises(LabError, match="5 networks of /24 do not fit"):
        names.subnets(random.Random(3), "10.1.0.0/22", 5)
    with pytest.raises(LabError, match="do not fit"):
        names.cidr(random.Random(3), 8, "10.1.0.0/22")


def test_networks_of_ipv6() -> None:
    """An IPv6 network is divided in the same way."""
    first, second = names.subnets(random.Random(3), "2001:db8::/56", 2, 64)
    assert first != second
    assert ipaddress.ip_network(first).subnet_of(ipaddress.IPv6Network("2001:db8::/56"))


@given(seeds, st.integers(0, 20))
def test_ports_are_apart_and_nobodys(rng: random.Random, count: int) -> None:
    """Personal ports differ and are no service's that a learner knows."""
    ports = names.ports(rng, count)
    assert len(set(ports)) == count
    assert all(1024 <= port < 32768 and port not in (3306, 5432, 8080, 4566) for port in ports)


@given(seeds, st.integers(0, 100), st.integers(0, 100), st.integers(1, 30))
def test_a_threshold_is_a_step_between_its_limits(rng: random.Random, low: int, more: int, step: int) -> None:
    """Both limits can be reached, and only whole steps from the lower one."""
    number = names.threshold(rng, low, low + more, step)
    assert low <= number <= low + more
    assert (number - low) % step == 0


def test_limits_the_wrong_way_round_are_refused() -> None:
    """A threshold needs a number to choose."""
    with pytest.raises(LabError, match="from 5 to 4"):
        names.threshold(random.Random(1), 5, 4)


@given(seeds)
def test_words_are_parts_of_resource_names(rng: random.Random) -> None:
    """Companies, teams and tokens can be put into names of buckets, roles and hosts as they are."""
    for word in (names.company(rng), names.team(rng), names.token(rng), *names.teams(rng, 3)):
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", word)
    assert names.person(rng).isalpha()


def test_picked_things_are_different() -> None:
    """Picking takes each at most once, and refuses more than there are."""
    assert sorted(names.pick(random.Random(2), "abc", 3)) == ["a", "b", "c"]
    assert names.pick(random.Random(2), "abc", 0) == ()
    with pytest.raises(LabError, match="4 different values out of 3"):
        names.pick(random.Random(2), "abc", 4)
