"""The normal distribution for arrays, against Python's own functions and known values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.evaluation.normal import log_interval_mass, normal_cdf, scaled_erfc


def phi(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def test_distribution_function_is_that_of_math() -> None:
    z = np.linspace(-38.0, 38.0, 50_001)
    exact = np.array([phi(each) for each in z.tolist()])
    found = normal_cdf(z)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-14)
    far = z < -1
    np.testing.assert_allclose(found[far], exact[far], rtol=1e-11, atol=1e-300)  # the tail keeps its digits
    assert normal_cdf(np.array([-np.inf, 0.0, np.inf])) == pytest.approx([0.0, 0.5, 1.0], abs=1e-14)


def test_scaled_erfc() -> None:
    x = np.linspace(0.0, 5.0, 1001)
    exact = np.array([math.erfc(each) * math.exp(each * each) for each in x.tolist()])
    np.testing.assert_allclose(scaled_erfc(x), exact, rtol=2e-14)
    # Far out it is 1 / (x √π) (Abramowitz & Stegun 7.1.23); at infinity 0.
    large = np.array([1e4, 1e8, 1e100])
    np.testing.assert_allclose(scaled_erfc(large) * large * math.sqrt(math.pi), 1.0, rtol=1e-8)
    assert scaled_erfc(np.array([np.inf]))[0] == pytest.approx(0.0, abs=1e-140)


@given(st.floats(-6, 6), st.floats(1e-3, 10))
def test_mass_of_an_interval(lower: float, width: float) -> None:
    exact = phi(lower + width) - phi(lower) if lower < 0 else phi(-lower) - phi(-lower - width)
    found = math.exp(log_interval_mass(np.array([lower]), np.array([lower + width]))[0])
    assert found == pytest.approx(exact, rel=1e-9, abs=1e-16)


@given(st.floats(-50, 50), st.floats(1e-9, 20))
def test_mass_is_symmetric(lower: float, width: float) -> None:
    a, b = np.array([lower]), np.array([lower + width])
    if b[0] > a[0]:
        assert log_interval_mass(a, b)[0] == pytest.approx(log_interval_mass(-b, -a)[0], rel=1e-12, abs=1e-12)


def test_open_intervals_and_the_far_tail() -> None:
    one = np.array([1.0])
    assert log_interval_mass(-one * np.inf, 0 * one)[0] == pytest.approx(math.log(0.5))
    assert log_interval_mass(one, one * np.inf)[0] == pytest.approx(math.log(phi(-1)))
    # Mills's ratio: P(Z > z) ≈ phi(z) / z.
    expected = -0.5 * 1e4 - 0.5 * math.log(2 * math.pi) - math.log(100)
    assert log_interval_mass(100 * one, np.inf * one)[0] == pytest.approx(expected, abs=1e-3)
    assert np.isfinite(log_interval_mass(np.array([1e8, -1e9]), np.array([1e8 + 1, -1e9 + 1e-3]))).all()


def test_a_narrow_interval_is_density_times_width() -> None:
    for width in (1e-3, 1e-5, 1e-7, 1e-12):
        found = log_interval_mass(np.array([0.7]), np.array([0.7 + width]))[0]
        density = -0.5 * (0.7 + width / 2) ** 2 - 0.5 * math.log(2 * math.pi)
        real_width = (0.7 + width) - 0.7
        assert found == pytest.approx(density + math.log(real_width), abs=1e-6)
