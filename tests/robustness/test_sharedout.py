"""Blanks shared out in a program: at any points it allows what is true, and little else where its
pieces are narrow; what points cost at least, against a linear program."""

import numpy as np
import pytest
from scipy.optimize import linprog

from qtoolkit.robustness.programs import Known, Line, Program
from qtoolkit.robustness.sharedout import share_out, value

D = 5  # points: 0, 1 and 2 share out what 3 has left blank; 4 stands elsewhere
GROUP = (7, 3)


def point_lines(program):
    points = program.point(0).plus(program.point(1)).plus(program.point(2))
    return points, program.point(3)


def a_program(radius, known=None):
    """Points within so many hundredths moved, and what two units are given."""
    centre = np.array([10.0, 20.0, 5.0, 15.0, 50.0])
    low, high = np.maximum(centre - radius, 0), np.minimum(centre + radius, 100)
    program = Program(low, high, 100.0, known or Known(), centre, radius)
    points, blank = point_lines(program)
    given = []
    for ratios in ((0.9, 0.5, 0.2), (0.3, 1.0, 0.8)):
        scored = Line(np.array([*ratios, 0, 0]), 0.0)
        given.append(share_out(program, GROUP, scored, points, blank))
    return program, given


def within(program, p, line):
    """The least and the greatest value of a line at given points."""
    ends = []
    for sign in (1.0, -1.0):
        program.cost = {}
        found = Program.variable(program, -1e4, 1e4)
        program.add(program.of(found).minus(line.times(sign)), 0.0, 0.0)
        program.cost = {found: 1.0}
        low, high = np.array(program.low), np.array(program.high)
        low[:D] = high[:D] = p
        solution = program._solved(program.rows, low, high, 0.0, 10.0)
        assert solution.x is not None
        ends.append(sign * solution.bound)
    return ends


def somewhere(program, rng):
    """Points that the program allows."""
    p = program.centre.copy()
    for _ in range(3):
        i, j = rng.choice(D, 2, replace=False)
        left = program.budget - np.maximum(p - program.centre, 0).sum()
        move = rng.uniform(0, 1) * max(min(p[i] - program.lo[i], program.hi[j] - p[j], left), 0)
        p[i], p[j] = p[i] - move, p[j] + move
    return p


@pytest.mark.parametrize("radius", [1.0, 12.0, 35.0, 60.0])  # 35 hundredths are all that share out
@pytest.mark.parametrize("breaks", [(), (0.3, 0.4, 0.43, 0.44, 0.9)])
def test_what_is_true_at_any_points_is_allowed(radius, breaks):
    rng = np.random.default_rng(int(radius) + len(breaks))
    known = Known(breaks={GROUP: list(breaks)})
    for _ in range(12):
        program, given = a_program(radius, known)
        p = somewhere(program, rng)
        shared = p[3] / p[:3].sum()
        for line, ratios in zip(given, ((0.9, 0.5, 0.2), (0.3, 1.0, 0.8)), strict=True):
            low, high = within(program, p, line)
            true = float(np.dot(ratios, p[:3])) * shared
            assert low - 1e-6 <= true <= high + 1e-6


def test_narrow_pieces_leave_little_else():
    program, given = a_program(12.0)
    p = np.array([8.0, 22.0, 5.0, 17.0, 48.0])
    wide = np.ptp(within(program, p, given[0]))
    x = np.concatenate([p, np.zeros(len(program.low) - D)])
    assert program.parts[GROUP].at(x) == pytest.approx(17 / 35)
    assert program.parts[GROUP].cut_around(x)
    known = program.known
    program, given = a_program(12.0, known)
    narrow = np.ptp(within(program, p, given[0]))
    assert wide > 0.1
    assert narrow < 1e-4


def test_where_nothing_is_left_to_share_out_by_nothing_is_given():
    program, given = a_program(40.0)
    p = np.array([0.0, 0.0, 0.0, 50.0, 50.0])
    low, _ = within(program, p, given[0])
    assert low <= 1e-6
    assert np.isnan(program.parts[GROUP].at(np.concatenate([p, np.zeros(len(program.low) - D)])))


def test_a_ratio_lies_within_its_bounds_and_they_are_attained():
    program, _ = a_program(12.0)
    points, blank = point_lines(program)
    low, high = program.ratio_bounds(blank, points, 10.0)
    # 12 hundredths at most are moved: from what is blank to the others, or the other way
    assert low == pytest.approx((15 - 12) / (35 + 12), rel=0.05)
    assert low <= (15 - 12) / (35 + 12) + 1e-9
    assert high == pytest.approx((15 + 12) / (35 - 12), rel=0.05)
    assert high >= (15 + 12) / (35 - 12) - 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_what_points_cost_at_least_is_what_a_linear_program_says(seed):
    rng = np.random.default_rng(seed)
    program, _ = a_program(30.0)
    program.most = program.budget
    A = rng.uniform(-1, 1, D)
    b = -float(A @ program.centre) - rng.uniform(0.5, 8)
    found = float(program.least_costs([Line(A, b)])[0])
    # p = centre + a − c, least Σa with A·p + b ≥ 0
    answer = linprog(
        np.concatenate([np.ones(D), np.zeros(D)]),
        A_ub=-np.concatenate([A, -A])[None],
        b_ub=[float(A @ program.centre) + b],
        A_eq=np.concatenate([np.ones(D), -np.ones(D)])[None],
        b_eq=[0.0],
        bounds=[
            *((0, h) for h in program.hi - program.centre),
            *((0, c) for c in program.centre - program.lo),
        ],
    )
    truth = answer.fun if answer.status == 0 else np.inf
    assert found == pytest.approx(min(truth, 30.0), abs=1e-3)


def test_a_line_s_value_is_that_of_its_variables():
    line = Line(np.array([1.0, 2.0]), 3.0, {2: 4.0})
    assert value(line, np.array([1.0, 1.0, 0.5])) == 8.0
