"""Band keys of many sets at once are those of each; links become the clusters that they make."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.dedup.clusters import components
from curator.dedup.minhash import band_keys, signatures
from curator.dedup.scale import groups
from curator.dedup.scale.bands import keys_by_band, many_signatures
from curator.dedup.scale.groups import Cells, Links
from curator.dedup.shingles import sets_of

SETS = st.lists(st.sets(st.integers(0, 2**32 - 1), max_size=9).map(sorted), max_size=9)
LINKS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40)


@settings(deadline=None)  # the first call imports datasketch
@given(SETS, st.sampled_from([0.5, 0.8, 1.0]))
def test_signatures_and_keys_are_those_of_datasketch(members: list[list[int]], threshold: float) -> None:
    sets = sets_of(members)
    present = np.flatnonzero(np.diff(sets.offsets))
    wanted = signatures(sets)[present]
    found = list(keys_by_band(sets, threshold))
    keys = band_keys(wanted, threshold, np.zeros(len(present), dtype=np.uint64))
    assert len(found) == len(keys)
    for (places, some), each in zip(found, keys, strict=True):
        assert places.tolist() == present.tolist()
        assert some.tolist() == each.tolist()
    filled = sets_of([each for each in members if each])
    assert many_signatures(filled).tolist() == wanted.tolist()


@settings(deadline=None)
@given(LINKS, st.integers(1, 50))
def test_links_make_the_components(pairs: list[tuple[int, int]], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "_MOST_LINKS", most)
        links = Links()
        for left, right in pairs:
            links.add(np.array([left]), np.array([right]))
        members, firsts = links.groups()
    wanted = components(31, [left for left, _ in pairs], [right for _, right in pairs])
    assert members.tolist() == sorted({end for pair in pairs for end in pair})
    assert firsts.tolist() == wanted[members].tolist()


@settings(deadline=None)
@given(LINKS, st.integers(1, 6), st.integers(1, 5))
def test_a_group_is_never_cut(pairs: list[tuple[int, int]], size: int, count: int) -> None:
    links = Links()
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    links.add(ends[:, 0], ends[:, 1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "CELL_TEXTS", size)
        members, firsts = links.groups()
        cells = Cells.of(members, firsts)
    for first in set(firsts.tolist()):
        assert len(set(cells.cells[firsts == first].tolist())) == 1
    slices = cells.slices(count)
    assert len(slices) <= count
    assert sorted(number for some in slices for number in some.numbers.tolist()) == members.tolist()
    seen = [cell for some in slices for cell in set(some.cells.tolist())]
    assert len(seen) == len(set(seen))
