"""Studies over arrays, iterables and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kirchhoff
from kirchhoff import InputError, KirchhoffError, QuestionError, study
from semirings_in_python import Best


def test_masks_of_arrays_iterables_and_files(digits: Any, tmp_path: Path) -> None:
    network, x = digits
    labels = np.arange(10)
    whole = study.mask(network, (x, labels), semiring=["boolean", Best])
    pieces = ((x[first : first + 3], labels[first : first + 3]) for first in range(0, 10, 3))
    parts = study.mask(network, pieces, semiring=["boolean", Best])
    assert {name: content for name, content in whole.files.items() if name != "study.json"} == {
        name: content for name, content in parts.files.items() if name != "study.json"
    }
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", labels)
    files = study.mask(network, tmp_path / "x.npy", labels=tmp_path / "y.npy", semiring=["boolean"], out=tmp_path / "out")
    arrays, wanted = files.arrays("masks"), whole.arrays("masks")
    assert arrays and all(np.array_equal(values, wanted[name]) for name, values in arrays.items())
    assert (tmp_path / "out" / "study.json").exists()
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.endswith(".state")]


def test_pruning(digits: Any) -> None:
    network, x = digits
    found = study.prune(network, (x, range(10)), method=["real", Best, "l1", "random"], seeds=2, inputs=5, step=100)
    table = found.table("curves")
    rows = table if isinstance(table, list) else table.to_dict("records")
    assert {row["method"] for row in rows} >= {"real", "best", "l1", "random"}


def test_perturbation(digits: Any) -> None:
    network, x = digits
    found = study.perturb(network, (x, range(10)), semiring=["real", Best], order=["most", "random"], step=100, eta=[1.0, 2.0])
    assert found.summary and any(name.endswith(".csv") for name in found.files)
    with pytest.raises(QuestionError, match="eta"):
        study.perturb(network, (x, range(10)), semiring=["real"], eta=[1.0, 2.0])


def test_thresholds(digits: Any) -> None:
    network, x = digits
    found = study.thresholds(network, (x, range(10)), steps=3, step=50, share=[0.1], constant=[0.01])
    assert found.summary


def test_a_study_with_other_settings_is_not_gone_on_with(digits: Any, tmp_path: Path) -> None:
    network, x = digits

    class Fails(Best):
        name = "fails"
        armed = False

        def times(self, a: Any, b: Any) -> Any:  # type: ignore[override]
            if Fails.armed:
                raise RuntimeError("planned")
            return a * b

    semiring = kirchhoff.Semiring(Fails)
    Fails.armed = True
    with pytest.raises(RuntimeError, match="planned"):
        study.mask(network, (x, range(10)), semiring=semiring, out=tmp_path)
    Fails.armed = False
    again = study.mask(network, (x, range(10)), semiring=semiring, out=tmp_path)
    assert again.files["study.json"]


def test_what_cannot_be_studied(digits: Any, tmp_path: Path) -> None:
    network, x = digits
    for data, message in (
        ((x, range(9)), "9 labels for 10 inputs"),
        ((x, np.zeros(10)), "labels are whole numbers"),
        ((x, np.full(10, 12)), "label"),
        ([], "empty"),
        ([x], "pairs"),
        (3, "data are"),
        (tmp_path / "missing", "missing"),
    ):
        with pytest.raises(InputError, match=message):
            study.mask(network, data)
    for make in (
        lambda: study.mask(network, (x, range(10)), semiring="viterby"),
        lambda: study.mask(network, (x, range(10)), split="middle"),
        lambda: study.mask(network, (x, range(10)), nonsense=1),
        lambda: study.prune(network, (x, range(10)), layer="9"),
        lambda: study.perturb(network, (x, range(10)), order=["best"]),
        lambda: study.thresholds(network, (x, range(10)), share=[2.0]),
    ):
        with pytest.raises(KirchhoffError):
            make()
