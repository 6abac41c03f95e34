"""The draw, against brute force, fractions and a shell; its fairness, by chi-square over seeds."""

import csv
import hashlib
import itertools
import subprocess
from collections import Counter
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from qtoolkit.errors import InputError
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.verification import check, draw, draw_items, list_hash, list_text
from qtoolkit.verification.drawing import shared
from tests.examples import ALL

SEEDS = [f"2026-{i}" for i in range(6000)]
SOME = SEEDS if ALL else SEEDS[::2]
HONEST = 1e-6  # a fair draw falls below once in a million fixed sets of seeds
HOSTILE = (
    "甲 市",
    "it's",
    '"quoted"',
    "$HOME",
    "`id`",
    "$(id)",
    "100%",
    "%s%n",
    "back\\slash",
    "\\n",
    "-n",
    "--",
    "*",
    "a;b|c&d",
    "#1",
    "=1+1",
    "007",
    "1e5",
    "É",
    "\U00020000",
)


def by_hand(units, strata, places, seed):
    """The units drawn, written down as the docstring says it."""
    found = []
    for stratum in sorted(set(strata)):
        own = [unit for unit, of in zip(units, strata, strict=True) if of == stratum]
        own.sort(key=lambda unit: hashlib.sha256((seed + "\n" + unit).encode("utf-8")).digest())
        found += own[: places[stratum]]
    return found


def run_recipe(made, tmp_path, language="zh"):
    """What the printed script prints: the list's hash, and the units."""
    (tmp_path / "list.txt").write_bytes(made.list_text.encode())
    text = made.recipe(language)
    script = text[text.index("export LC_ALL=C") :]
    done = subprocess.run(
        ["sh"], input=script.encode(), cwd=tmp_path, capture_output=True, check=True
    )
    assert not done.stderr
    first, *units = done.stdout.decode().split("\n")[:-1]
    return first.split()[0], units


def p_of(counts, times, expected):
    """The chi-square test of counts that should all be equal, with the variance that they have:
    of draws without replacement `expected` is the share of draws that each is in."""
    share = expected / times
    statistic = sum((count - expected) ** 2 for count in counts) / (expected * (1 - share))
    # counts of one stratum have one sum: n − 1 degrees of freedom after this scaling
    n = len(counts)
    return stats.chi2.sf(statistic * (n - 1) / n, n - 1)


def test_every_unit_of_a_stratum_is_drawn_equally_often():
    units = [f"第{i}市" for i in range(15)]
    strata = ["北"] * 9 + ["南"] * 6
    counts = Counter(u for seed in SOME for u in draw(units, 5, seed, strata).drawn)
    # 5·9/15 = 3 of the nine and 2 of the six, a third each
    for names in (units[:9], units[9:]):
        expected = len(SOME) / 3
        assert sum(counts[name] for name in names) == expected * len(names)
        assert p_of([counts[name] for name in names], len(SOME), expected) > HONEST


def test_every_pair_is_drawn_equally_often():
    units = ["甲市", "乙市", "丙市", "丁市", "戊市"]
    counts = Counter(tuple(sorted(draw(units, 2, seed).drawn)) for seed in SOME)
    pairs = [counts[tuple(sorted(pair))] for pair in itertools.combinations(units, 2)]
    assert len(counts) == 10 and stats.chisquare(pairs).pvalue > HONEST


def test_a_tie_of_places_goes_to_either_stratum_equally_often():
    units, strata = ["a", "b", "c", "d"], ["x", "x", "y", "y"]
    first = sum(draw(units, 1, seed, strata).places.loc["x", "places"] for seed in SOME)
    assert stats.binomtest(int(first), len(SOME), 0.5).pvalue > HONEST


def test_a_biased_draw_is_found_by_these_tests():
    """One draw in twenty is made in favour of two units."""
    units = ["甲市", "乙市", "丙市", "丁市", "戊市"]
    biased = Counter()
    for i, seed in enumerate(SEEDS):
        drawn = draw(units, 2, seed).drawn
        biased.update(["甲市", "乙市"] if i % 20 == 0 else drawn)
    assert p_of([biased[unit] for unit in units], len(SEEDS), len(SEEDS) * 2 / 5) < HONEST


def test_the_draw_is_what_its_formula_says():
    units = ["甲市", "乙市", "丙市", "丁市", "戊市", "己市"]
    strata = ["北", "北", "北", "南", "南", "南"]
    made = draw(units, 4, "种子 1", strata)
    assert made.drawn == by_hand(units, strata, {"北": 2, "南": 2}, "种子 1")
    assert list(made.table.index) == units and made.places["exact"].tolist() == [2.0, 2.0]
    assert made.table.loc["甲市", "hash"] == hashlib.sha256("种子 1\n甲市".encode()).hexdigest()
    assert made.table.groupby("stratum")["order"].apply(sorted).tolist() == [[1, 2, 3]] * 2
    text = "北\t丙市\n北\t乙市\n北\t甲市\n"
    assert made.list_text.startswith(text)
    assert made.list_hash == hashlib.sha256(made.list_text.encode()).hexdigest()


def brute(sizes, k, least):
    """Places by largest remainder in fractions, strata below their least taken out one by one."""
    fixed = {}
    while True:
        n = sum(size for h, size in sizes.items() if h not in fixed)
        left = k - sum(fixed.values())
        quota = {h: Fraction(left * s, n) for h, s in sizes.items() if h not in fixed}
        below = [h for h, q in quota.items() if q < min(least, sizes[h])]
        if not below:
            break
        fixed[below[0]] = min(least, sizes[below[0]])
    places = fixed | {h: int(q) for h, q in quota.items()}
    rest = {h: q - int(q) for h, q in quota.items()}
    more = k - sum(places.values())
    for h in sorted(rest, key=lambda h: (-rest[h], h))[:more]:
        places[h] += 1
    return places


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=7),
    st.integers(0, 6),
    st.integers(0, 10**6),
)
def test_places_go_by_largest_remainder(numbers, least, pick):
    sizes = {f"s{i}": size for i, size in enumerate(numbers)}
    needed = sum(min(least, size) for size in numbers)
    low = max(1, needed)
    k = low + pick % (sum(numbers) - low + 1)
    places = shared(sizes, k, least, {h: h for h in sizes})
    assert places == brute(sizes, k, least) and sum(places.values()) == k
    assert all(min(least, sizes[h]) <= places[h] <= sizes[h] for h in sizes)


def test_places_of_known_cases():
    # Hamilton's Alabama: 4 of sizes 6, 6, 2 are 1.71, 1.71 and .57: two, two and none
    ties = {"a": "1", "b": "2", "c": "3"}
    assert shared({"a": 6, "b": 6, "c": 2}, 4, 0, ties) == {"a": 2, "b": 2, "c": 0}
    assert shared({"a": 6, "b": 6, "c": 2}, 4, 1, ties) == {"a": 2, "b": 1, "c": 1}
    assert shared({"a": 6, "b": 6, "c": 2}, 14, 0, ties) == {"a": 6, "b": 6, "c": 2}
    with pytest.raises(InputError, match="共需6家，而只抽3家"):
        shared({"a": 6, "b": 6, "c": 2}, 3, 2, ties)


@pytest.mark.parametrize(
    ("strata", "k", "least", "seed"),
    [
        (None, 7, 0, "2026-07-01"),
        (["北 片", "南's"] * 10, 9, 0, "it's $x % \\n 种子"),
        (["a", "b", "b", "b"] * 5, 6, 2, "007"),
        (["$(id)", "%s", "\\", "é", "一"] * 4, 7, 1, "-n"),
        (["010", "10", "1e1", "+10", "0x10"] * 4, 11, 0, "1e5"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_printed_recipe_repeats_the_draw(strata, k, least, seed, language, tmp_path):
    made = draw(HOSTILE, k, seed, strata, least=least)
    assert run_recipe(made, tmp_path, language) == (made.list_hash, made.drawn)
    assert len(made.drawn) == k


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_recipe_repeats_any_draw(data, tmp_path_factory):
    text = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=6)
    names = st.lists(
        text.filter(lambda s: s.strip()), min_size=1, max_size=9, unique_by=lambda s: s.casefold()
    )
    try:
        listed = list_text(data.draw(names))
    except InputError:  # the same name in another form
        return
    units = [line.partition("\t")[2] for line in listed.split("\n")[:-1]]
    strata = data.draw(
        st.lists(st.sampled_from(["x", "Y y", "é"]), min_size=len(units), max_size=len(units))
    )
    k = data.draw(st.integers(1, len(units)))
    made = draw(units, k, data.draw(text.filter(lambda s: s.strip())), strata)
    assert run_recipe(made, tmp_path_factory.mktemp("draw")) == (made.list_hash, made.drawn)


def test_the_published_draw_of_18_of_31_provinces(tmp_path):
    """In 2016, 18 of 31 provinces were drawn for verification; here by region."""
    path = packaged_cases() / "provinces-2008" / "data.csv"
    with path.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    units, regions = [row["unit"] for row in rows], [row["region"] for row in rows]
    assert len(units) == 31
    made = draw(units, 18, "2016", regions)
    # 3, 10, 6 and 12 provinces: 1.74, 5.81, 3.48 and 6.97 places, so one more for all but the third
    assert made.places["units"].to_dict() == {"东北": 3, "东部": 10, "中部": 6, "西部": 12}
    assert made.places["places"].to_dict() == {"东北": 2, "东部": 6, "中部": 3, "西部": 7}
    assert made.drawn == by_hand(units, regions, made.places["places"].to_dict(), "2016")
    assert run_recipe(made, tmp_path) == (made.list_hash, made.drawn)
    printed = made.recipe("zh")
    assert "共抽18家" in printed and made.list_hash in printed and "2016" in printed
    shown = made._repr_html_()
    assert made.drawn[0] in shown and made.list_hash[:20] in shown


def test_the_order_and_form_of_names_make_no_difference():
    units, strata = ["甲市", "乙市", "é"], {"甲市": "n", "乙市": "s", "é": "s"}
    other = {"乙市 ": "s", "e\u0301": " s", "甲市": "n"}
    assert list_hash(units, strata) == list_hash(list(other), other)
    assert draw(units, 2, "s ", strata).drawn == draw(list(other), 2, "s", other).drawn
    frame = pd.DataFrame({"region": ["n", "s", "s"]}, index=units)
    assert draw(frame, 2, "s", "region").drawn == draw(frame, 2, "s", frame["region"]).drawn
    assert draw(frame, 2, "s", frame["region"][::-1]).drawn == draw(units, 2, "s", strata).drawn


@pytest.mark.parametrize(
    ("units", "strata", "sentence"),
    [
        ([], None, "名单是空的"),
        (["甲市", " "], None, "考核对象名称为空"),
        (["甲市", "甲市 "], None, "“甲市”列了两次"),
        (["é", "e\u0301"], None, "列了两次"),
        (["甲\t市"], None, r"看不见的字符 U\+0009"),
        (["甲\n市"], None, r"U\+000A"),
        (["甲\u200b市"], None, r"U\+200B"),
        (["甲\x00市"], None, r"U\+0000"),
        ([1, 2], None, "“1”（int），应为文字"),
        ([None], None, "“None”"),
        ("甲市", None, "应为名称的列表"),
        (7, None, "应为名称的列表"),
        (pd.DataFrame({"a": [1]}), None, "“0”（int）"),
        (["甲", "乙"], ["x"], "考核对象2家，分层却有1个"),
        (["甲", "乙"], {"甲": "x"}, "“乙”没有写明分层"),
        (["甲", "乙"], ["x", float("nan")], "“乙”没有写明分层"),
        (["甲", "乙"], ["x", " "], "“乙”没有写明分层"),
        (["甲", "乙"], ["x", 2], "分层为“2”"),
        (["甲", "乙"], ["x", "a\tb"], "分层“a"),
        (["甲", "乙"], "region", "没有“region”这一列"),
        (["甲", "乙"], 5, "strata 应为"),
    ],
)
def test_hostile_lists_give_one_sentence(units, strata, sentence):
    with pytest.raises(InputError, match=sentence) as error:
        draw(units, 1, "s", strata)
    assert len(error.value.complaints) == 1
    with pytest.raises(InputError):
        list_hash(units, strata)


@pytest.mark.parametrize(
    ("k", "seed", "least", "sentence"),
    [
        (0, "s", 0, "k 为“0”，应为不小于1、不超过2的整数"),
        (3, "s", 0, "k 为“3”"),
        (1.0, "s", 0, "k 为“1”"),
        (True, "s", 0, "k 为“True”"),
        (1, "", 0, "种子为空"),
        (1, " \n", 0, "种子为空"),
        (1, "a\nb", 0, "种子“a"),
        (1, 7, 0, "种子为“7”（int）"),
        (1, "s", -1, "least 为“-1”"),
        (1, "s", 2, "共需2家，而只抽1家"),
    ],
)
def test_hostile_choices_give_one_sentence(k, seed, least, sentence):
    with pytest.raises(InputError, match=sentence):
        draw(["甲", "乙"], k, seed, least=least)


def test_a_printed_draw_is_checked():
    units = ["甲", "乙", "丙", "丁", "戊"]
    made = draw(units, 2, "s")
    other = next(unit for unit in units if unit not in made.drawn)
    right = check(reversed(made.drawn), units, 2, "s", list_hash=made.list_hash.upper())
    assert right.genuine and right.hash_matches and right.table.empty
    assert right.draw.drawn == made.drawn
    wrong = check([made.drawn[0], made.drawn[0], other, "己"], units, 2, "s")
    assert not wrong.genuine and wrong.hash_matches is None
    assert wrong.table["code"].to_dict() == {
        made.drawn[0]: "twice",
        other: "not_drawn",
        "己": "not_listed",
        made.drawn[1]: "not_printed",
    }
    changed = check(made.drawn, units, 2, "s", list_hash=list_hash(units[:4]))
    assert not changed.genuine and changed.hash_matches is False and changed.table.empty
    with pytest.raises(InputError, match="64位"):
        check(made.drawn, units, 2, "s", list_hash="abc")
    with pytest.raises(InputError, match="应为名称的列表"):
        check("甲", units, 2, "s")


def test_items_are_drawn_for_each_unit():
    items = ["标准", "计量", "认证", "检测", "人才"]
    table = draw_items(["甲", "乙"], items, 2, "s", always=["人才"])
    for unit in ("甲", "乙"):
        rows = table[table["unit"] == unit]
        free = sorted(
            items[:4], key=lambda i: hashlib.sha256(f"s\n{unit}\n{i}".encode()).hexdigest()
        )
        assert rows["item"].tolist() == ["人才", *free[:2]]
        assert rows["always"].tolist() == [True, False, False]
    made = draw(["甲", "乙", "丙"], 2, "s")
    assert draw_items(made, items, 5, "s")["unit"].unique().tolist() == made.drawn
    for k, always in ((5, ["人才"]), (0, []), (1, ["人材"])):
        with pytest.raises(InputError):
            draw_items(["甲"], items, k, "s", always=always)


def test_items_are_drawn_equally_often():
    items = ["标准", "计量", "认证", "检测", "人才"]
    units = [f"第{i}市" for i in range(6000)]
    counts = Counter(draw_items(units, items, 2, "2026")["item"])
    assert p_of(list(counts.values()), 6000, 6000 * 2 / 5) > HONEST


def test_names_in_one_text_are_no_list():
    for wrong in ({"drawn": "ab"}, {"items": "xy"}, {"always": "x"}, {"drawn": 5}, {"always": 5}):
        with pytest.raises(InputError) as caught:
            draw_items(**{"drawn": ["ab"], "items": ["x", "y"], "k": 1, "seed": "s"} | wrong)
        assert "expected a list of names" in caught.value.sentences("en")[0]
    always = draw_items(["ab"], ["x", "y"], 1, "s", always=iter(["x"]))
    assert list(always["item"]) == ["x", "y"]
