"""A gateway that fails is left alone, tried once, and used again."""

from service.circuit import FAILURES_MAX, REST_MS, TRIAL_MS, Circuit


def failing(times: int, at_ms: int = 0) -> Circuit:
    circuit = Circuit()
    for _ in range(times):
        assert circuit.enter(at_ms)
        circuit.heard(True, at_ms)
    return circuit


def test_it_rests_after_failures_in_a_row() -> None:
    assert failing(FAILURES_MAX - 1).enter(0)
    circuit = failing(FAILURES_MAX)
    assert circuit.rests(REST_MS - 1)
    assert not circuit.enter(REST_MS - 1)
    assert not circuit.rests(REST_MS)


def test_an_answer_in_between_is_a_new_beginning() -> None:
    circuit = failing(FAILURES_MAX - 1)
    circuit.heard(False, 0)
    circuit.heard(True, 0)
    assert circuit.enter(0)


def test_after_a_rest_one_goes_first() -> None:
    circuit = failing(FAILURES_MAX)
    assert circuit.enter(REST_MS)
    assert not circuit.enter(REST_MS)
    assert not circuit.enter(REST_MS + TRIAL_MS - 1)
    assert circuit.enter(REST_MS + TRIAL_MS)  # nothing was heard of the first


def test_the_first_answer_opens_it_again_and_the_first_failure_closes_it() -> None:
    circuit = failing(FAILURES_MAX)
    circuit.enter(REST_MS)
    circuit.heard(False, REST_MS)
    assert circuit.enter(REST_MS)
    assert circuit.enter(REST_MS)
    circuit = failing(FAILURES_MAX)
    circuit.enter(REST_MS)
    circuit.heard(True, REST_MS)
    assert not circuit.enter(2 * REST_MS - 1)
    assert circuit.enter(2 * REST_MS)
