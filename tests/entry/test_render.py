from __future__ import annotations

import pytest

from vana.entry import render
from vana.kernel.answer import Answer, Artifact, Degradation, Failure, Source, Understood, Usage
from vana.kernel.confidence import Confidence
from vana.sandbox.sandbox import Isolation, ResourceUse
from vana.specialists.code_execution.outcome import Execution


def execution(
    stdout: str = "", stderr: str = "", truncated: int = 0, warnings: tuple[str, ...] = ()
) -> Execution:
    return Execution(stdout, stderr, 0, "ok", Isolation("high"), truncated, warnings, ResourceUse())


@pytest.mark.parametrize(
    ("ms", "told"),
    [
        (None, "?"),
        (0.04, "0.0 ms"),
        (0.5, "0.5 ms"),
        (14.4, "14 ms"),
        (1500.0, "1.5 s"),
        (180_000.0, "3.0 min"),
    ],
)
def test_a_duration_has_the_unit_a_person_would_use(ms: float | None, told: str):
    assert render.duration(ms) == told


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 bytes"), (1023, "1023 bytes"), (2048, "2.0 KiB"), (3 << 20, "3.0 MiB")]
)
def test_a_size_has_the_unit_a_person_would_use(count: int, told: str):
    assert render.size(count) == told


def test_a_programs_streams_stay_apart_and_whole():
    answer: Answer[object] = Answer(execution("42\n", "warned\n"), text="42")
    assert render.spoken(answer) == ("42\n", "warned\n")


def test_a_failure_that_is_told_as_an_error_is_not_told_twice():
    failure = Failure("abstained", "nothing is known about this")
    answer: Answer[object] = Answer(None, "abstained", failure.message, error=failure)
    assert render.spoken(answer) == ("", "")


def test_candidates_of_an_abstention_are_shown():
    answer: Answer[object] = Answer(
        None, "abstained", "Memory is not sure.\n- a", error=Failure("abstained", "no")
    )
    assert render.spoken(answer)[0].endswith("- a")


def test_what_came_out_of_a_failure_is_shown():
    answer: Answer[object] = Answer(
        {"passed": 1}, "failed", "one failed", error=Failure("tests_failed", "one failed")
    )
    assert render.spoken(answer) == ('{"passed": 1}', "")


def test_lost_output_and_files_are_said():
    answer: Answer[object] = Answer(execution(truncated=2048, warnings=("a link was left out",)))
    assert list(render.loss_lines(answer)) == [
        "vana: 2.0 KiB of its output were left out",
        "vana: a link was left out",
    ]


def test_evidence_names_the_call_the_sources_and_the_files():
    answer: Answer[object] = Answer(
        "x",
        understood_as=Understood("code_execution", "execute_code", {"code": "x" * 200}),
        sources=(Source("memory", "mem-1", "user", "knowledge", at=0.0, confidence=Confidence(0.9)),),
        artifacts=(Artifact("a.png", "image/png", 10, "00", "out/a.png"),),
    )
    call, source, made = render.evidence_lines(answer)
    assert call.startswith("understood as code_execution.execute_code(code='xxx")
    assert len(call) < 130
    assert source == "from memory (knowledge) mem-1, user, 1970-01-01, confidence 0.90"
    assert made == "made a.png (10 bytes): out/a.png"


def test_many_sources_are_counted():
    sources = tuple(Source("memory", f"mem-{number}") for number in range(8))
    assert list(render.evidence_lines(Answer("x", sources=sources)))[-1] == "and from 3 more"


def test_the_summary_is_one_line_with_run_status_time_and_confidence():
    answer: Answer[object] = Answer(
        "x", run_id="run-1", usage=Usage(wall_s=0.0142), confidence=Confidence(0.5)
    )
    assert render.summary(answer) == "run-1 · answered · 14 ms · confidence 0.50"


def test_every_degradation_is_in_the_degraded_line():
    facts = (Degradation("journal", "disk full", "not written"), Degradation("web", "no key", "local levels"))
    assert (
        render.degraded_line(facts)
        == "degraded: journal: disk full; instead: not written; web: no key; instead: local levels"
    )
    assert render.degraded_line(()) == ""
