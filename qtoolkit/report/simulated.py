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
from qtoolkit.language import Text
from qtoolkit.report import choosing, figures, shared
from qtoolkit.report.changed import alternative_of, choice_of
from qtoolkit.report.sections import Rows, Section, names_of
from qtoolkit.report.wording import Wording

UNSTEADY = 0.95  # a grade that stands in a smaller share of the draws
NEGLIGIBLE = 0.01  # a total index whose interval lies below it


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
        "choices": [choice_of(key) for key in total.index],
        "refusal": None if "points" in total.index else refusal,
        "grades_move": grades.moves,
        "ranks_move": ranks.moves,
        "mean": grades.mean,
        "first": [choice_of(key) for key in total.index[first]],
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
        labels = [words.of("choice_name", choice_of(key)) for key in order]
        return figures.choices([grades, ranks], labels, order, language)

    tables = {"choices": _shares(grades, ranks, order), "alternatives": alternatives}
    return Section("simulated/choices", names, facts, tables, {"choices": chart})


def _shares(grades: simulation.Sobol, ranks: simulation.Sobol, order: pd.Index) -> pd.DataFrame:
    """The shares of the variance by choice, alone and in total, and the sum of those alone."""
    table = pd.DataFrame({"choice": [*map(choice_of, order), choice_of("sum")]})
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
            "choice": [choice_of(key) for key, _ in pairs],
            "alternative": [alternative_of(key, value) for key, value in pairs],
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
        {"on": on, "choices": [choice_of(choice) for choice in order if still[choice] == keys]}
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
