"""Facts of simulation: frequencies of grades and ranks, the choices that matter most, rank
confidence sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit import simulation
from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.inputs.changes import AS_IS, quota_of
from qtoolkit.inputs.scheme import Rounding
from qtoolkit.language import Text
from qtoolkit.report import choosing, figures, shared
from qtoolkit.report.sections import Rows, Section, names_of
from qtoolkit.report.wording import CATALOGUE, Wording

UNSTEADY = 0.95  # a grade that stands in a smaller share of the draws
NEGLIGIBLE = 0.01  # a total index whose interval lies below it
# by choice of numbers, what an alternative has in each row
NUMBERS = {"points": ("leaf", "points"), "cutoffs": ("grade", "cutoff")}


def frequencies(
    result: Assessment,
    drawn: simulation.Simulation | None,
    asked: int | None = None,
    refusal: Text | None = None,
) -> Section:
    """How often grades and ranks come out in random draws, with the digits that they support;
    `asked` is how many draws were asked for, where a large case does not afford them. Where nothing
    can be drawn from the region (None), `refusal` is why."""
    if drawn is None:
        return Section("simulated/frequencies", names_of(result), {"refusal": refusal})
    order = result.ranks.sort_values(kind="stable").index
    stands, ranks = drawn.stands[order], drawn.rank_quantiles.loc[order]
    shown = choosing.few(order, stands)
    is_fewer = asked is not None and drawn.draws < asked and drawn.complete
    facts = {
        "refusal": None,
        "unsteady": order[stands < UNSTEADY],
        "shift": drawn.rank_shift[0],
        "error": 100 * float(drawn.error(0.5)),
        "fewer": _fewer(result, asked, drawn.draws) if is_fewer else None,
        "sampling": drawn.sampling,
        "note": drawn.note,
        "moves": shared.moving(drawn.result),
        "form": f".{drawn.decimals}%",
        "listed": len(order),
        "drawn": len(shown),
    }
    table = pd.DataFrame({"unit": order, "grade": list(result.grades[order])})
    table["stands"] = list(stands)
    for grade in result.scheme.grades:
        table[f"grade:{grade.id}"] = list(drawn.grade_acceptability.loc[order, grade.id])
    table["middle"] = list(ranks[0.5])
    table["span"] = list(zip(ranks[0.025], ranks[0.975], strict=True))
    return Section(
        "simulated/frequencies",
        names_of(result),
        facts,
        {"frequencies": Rows(table, in_order(stands, falling=False))},
        {
            "grade_frequencies": lambda language: figures.grade_frequencies(
                result, drawn, language, shown
            )
        },
    )


def _fewer(result: Assessment, asked: int | None, made: int) -> dict[str, Any]:
    """How large a case is that is drawn less often than was asked for."""
    return {
        "units": len(result.scores),
        "leaves": len(result.points),
        "asked": asked,
        "made": made,
    }


def choices(
    result: Assessment,
    grades: simulation.Sobol,
    ranks: simulation.Sobol,
    asked: int = 0,
    refusal: Text | None = None,
) -> Section:
    """Which choices of method move grades and ranks most, as :func:`qtoolkit.simulation.sobol`
    found it for the targets "grade_changes" and "rank_shift"; `asked` is n as it was asked for,
    where a large case does not afford it; `refusal` is why the points could not vary with them."""
    afforded = simulation.affordable_runs(result, asked)
    moving = {
        key: sobol for key, sobol in (("grades", grades), ("ranks", ranks)) if _is_known(sobol)
    }
    main = grades if grades.moves else ranks
    order = main.table.index[in_order(main.table["total"])]
    total, alternatives = grades.table["total"], _alternatives(grades, ranks)
    first, most = foremost(total), foremost(alternatives["grades"])
    is_fewer = afforded < asked and not grades.exact
    failures = grades.failures
    facts = {
        "choices": [_choice(key) for key in total.index],
        "refusal": None if "points" in total.index else refusal,
        "grades_move": grades.moves,
        "ranks_move": ranks.moves,
        "mean": grades.mean,
        "first": [_choice(key) for key in total.index[first]],
        "total": total.iloc[first[0]] if len(first) else None,
        "most": alternatives.iloc[most][["choice", "alternative"]],
        "most_mean": alternatives["grades"].iloc[most[0]] if len(most) else None,
        "failed": failures.sum(),
        "reasons": failures.index[failures == failures.max()],
        "over": grades.over,
        "exact": grades.exact,
        "runs": grades.runs,
        "fewer": _fewer(result, asked, afforded) if is_fewer else None,
        "explained": [_explained(key, sobol) for key, sobol in moving.items()],
        "negligible": NEGLIGIBLE,
        "hardly": _hardly(moving, order),
    }
    names = names_of(result)

    def chart(language: str) -> Any:
        words = Wording(language, names)
        labels = [words.of("choice_name", _choice(key)) for key in order]
        return figures.choices([grades, ranks], labels, order, language)

    tables = {"choices": _shares(grades, ranks, order), "alternatives": alternatives}
    return Section("simulated/choices", names, facts, tables, {"choices": chart})


def _shares(grades: simulation.Sobol, ranks: simulation.Sobol, order: pd.Index) -> pd.DataFrame:
    """The shares of the variance by choice, alone and in total, and the sum of those alone."""
    table = pd.DataFrame({"choice": [*map(_choice, order), _choice("sum")]})
    for key, sobol in (("grades", grades), ("ranks", ranks)):
        found = sobol.table.loc[order]
        table[f"{key}_first"] = [
            *found["first"],
            1 - sobol.interactions if _is_known(sobol) else np.nan,
        ]
        table[f"{key}_total"] = [*found["total"], np.nan]
        if not sobol.exact:
            ends = zip(found["total_low"], found["total_high"], strict=True)
            table[f"{key}_interval"] = [
                *(None if np.isnan(low) else (low, high) for low, high in ends),
                None,
            ]
    return table


def _alternatives(grades: simulation.Sobol, ranks: simulation.Sobol) -> pd.DataFrame:
    """What each alternative does to grades and ranks on average."""
    table = grades.alternatives
    pairs = list(zip(table["factor"], table["alternative"], strict=True))
    return pd.DataFrame(
        {
            "choice": [_choice(key) for key, _ in pairs],
            "alternative": [_alternative(key, value) for key, value in pairs],
            "grades": list(table["mean"]),
            "ranks": list(ranks.alternatives["mean"]),
        }
    )


def _is_known(sobol: simulation.Sobol) -> bool:
    """Whether there are shares: something moves, and in enough samples nothing is impossible."""
    return bool(sobol.moves and sobol.table["total"].notna().any())


def _is_negligible(sobol: simulation.Sobol, key: str) -> bool:
    return bool(sobol.table.loc[key, "total" if sobol.exact else "total_high"] < NEGLIGIBLE)


def _hardly(moving: Mapping[str, simulation.Sobol], order: pd.Index) -> list[dict[str, Any]]:
    """The choices that move hardly anything: "both" grades and ranks, or the one of these that
    moves at all; and those that hardly move "only_grades", or "only_ranks", but the other."""
    still = {
        choice: [key for key, sobol in moving.items() if _is_negligible(sobol, choice)]
        for choice in order
    }
    groups = {key: [key] for key in moving}
    if len(moving) > 1:
        groups = {"both": list(moving), **{f"only_{key}": [key] for key in moving}}
    rows = [
        {"on": on, "choices": [_choice(choice) for choice in order if still[choice] == keys]}
        for on, keys in groups.items()
    ]
    return [row for row in rows if row["choices"]]


def _explained(target: str, sobol: simulation.Sobol) -> dict[str, Any]:
    """How much of the variance the choices explain one by one, as the sum in the table, and what
    the rest is."""
    if len(sobol.failures):
        rest = "dependent"
    elif sobol.interactions <= SAME if sobol.exact else sobol.alone_high >= 1:
        rest = "none"
    else:
        rest = "interaction"
    return {
        "target": target,
        "alone": 1 - sobol.interactions,
        "low": sobol.alone_low,
        "high": sobol.alone_high,
        "rest": rest,
    }


def rank_sets(result: Assessment, sets: simulation.RankSets | None) -> Section:
    """Rank confidence sets as :func:`qtoolkit.simulation.rank_confidence` found them; None where
    the data state no standard errors."""
    facts: dict[str, Any] = {"stated": False, "level": None, "fixed": [], "apart": []}
    if sets is None:
        return Section("simulated/rank_sets", names_of(result), facts)
    table = sets.table.loc[result.ranks.sort_values(kind="stable").index]
    facts |= {
        "stated": True,
        "level": sets.level,
        "fixed": table.index[table["low"] == table["high"]],
        "apart": table.index[table["all_low"] == table["all_high"]],
    }
    tables = {"rank_sets": table.rename_axis("unit")}
    return Section("simulated/rank_sets", names_of(result), facts, tables)


def _choice(key: str) -> dict[str, Any]:
    """What a choice is about: a code of the catalogue, and which grade or indicator it is of."""
    if key in CATALOGUE["words"]["practice"]:
        return {"what": key, "of": None}
    if (grade := quota_of(key)) is not None:
        return {"what": "quota", "of": grade}
    kind, _, id = key.partition(".")
    return {"what": kind, "of": id}


def _alternative(key: str, value: Any) -> dict[str, Any]:
    """An alternative of a choice: of which kind it is, and its number, code, id, or rows."""
    what = key.partition(".")[0]
    if what == "drop" and value != AS_IS:
        kind = "all" if value is None else "leaf"
    elif isinstance(value, str) and value in CATALOGUE["words"]["practised"]:
        kind = "word"
    elif quota_of(key) is not None:
        kind = "quota"
    elif what == "rounding":
        kind, value = "rounding", shared.rounding(_rounding_of(value))
    elif isinstance(value, Mapping) and what in NUMBERS:
        id, number = NUMBERS[what]
        kind, value = what, [{id: key, number: x} for key, x in value.items()]
    elif what == "aggregation":
        kind = "power"
    elif value is None:
        kind = "nothing"
    elif isinstance(value, int | float):
        kind = "number"
    else:
        kind, value = "text", str(value)
    return {"kind": kind, "value": value}


def _rounding_of(value: Any) -> Rounding | None:
    """The rounding that an alternative names: None, keys and values, or decimals alone."""
    if value is None:
        return None
    return Rounding(**value) if isinstance(value, Mapping) else Rounding(decimals=int(value))
