"""Facts of a scheme's rules and grades."""

from fractions import Fraction

from tests.report.facts.lines import how_set


def rules(tables, given):
    scheme = given.result.scheme
    cells = tables["sheet"].drop(columns="leaf").to_numpy().ravel()
    assert list(tables["rules"]["leaf"]) == [leaf.id for leaf in scheme.leaves]
    for leaf, row in zip(scheme.leaves, tables["rules"].to_dict("records"), strict=True):
        assert row["rule"]["sentence"] == leaf.rule.sentence()
        stages = {
            stage.name: leaf.stages[stage.id]
            for stage in scheme.stages
            if leaf.stages.get(stage.id)
        }
        given_ = row.get("stages") or []
        assert {part["stage"]: part["weight"] for part in given_ if part["weight"]} == stages
    facts = {
        "later": [
            {"stage": stage.name, "effect": stage.effect}
            for stage in scheme.stages
            if stage.effect in ("replaces", "corrects")
        ],
        "bonuses": [
            {"kind": item.kind, "name": item.name, "most": item.max} for item in scheme.bonuses
        ],
        "vetoes": [
            {"name": veto.name, "best": veto.cap, "lower": veto.lower, "falsified": veto.falsified}
            for veto in scheme.vetoes
        ],
        "conversion": None,
        "sheet": any(cell is not None for cell in cells),
    }
    for name in ("bonus_cap", "deduction_cap", "cap", "floor"):
        facts[name] = getattr(scheme, name)
    if whole := scheme.conversion:
        facts["conversion"] = {
            "name": whole.name,
            "points": whole.points,
            "decimals": whole.decimals,
        }
    return facts


def places_of(grade, result):
    """What a share of places comes to, by exact arithmetic on the share as it is written."""
    share = Fraction(str(grade.quota))
    of_class = list(result.table.covariates.get("class", [None] * len(result.scores)))
    groups = result.scheme.classes if grade.within == "class" else [None]
    rows = []
    for group in groups:
        n = len(of_class) if group is None else of_class.count(group)
        rows.append({"group": group, "units": n, "most": int(share * n)})
    return rows, any(share * row["units"] % 1 for row in rows)


def grades(tables, given):
    result = given.result
    table = tables["grades"]
    assert list(table["grade"]) == [grade.id for grade in result.scheme.grades]
    for grade, row in zip(result.scheme.grades, table.to_dict("records"), strict=True):
        found = row.get("limits")
        if grade.quota is None and grade.last is None:
            assert not found
            continue
        is_share = grade.quota is not None and 0 < grade.quota < 1
        places, cut = places_of(grade, result) if is_share else ([], False)
        assert found == {
            "by_class": grade.within == "class",
            "ties": grade.ties,
            "share": grade.quota if is_share else None,
            "quota": None if grade.quota is None else int(grade.quota),
            "last": grade.last,
            "places": places,
            "cut": cut,
        }
    more = {"printed", "limits", "consequence"} & set(table.columns)
    by_class = [name for name in table.columns if name.startswith("cutoff:")]
    lineless = [grade for grade in result.scheme.grades[:-1] if grade.by != "line"]
    for grade in lineless:
        cells = table.loc[table["grade"] == grade.id, by_class or ["cutoff"]].iloc[0]
        assert all(cell == how_set(result, grade) for cell in cells)
    return {"tabled": bool(more) or len(by_class) > 1 or bool(lineless)}
