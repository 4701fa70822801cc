"""A payout that a bank shows in several parts: which of its payments are no whole yet."""

import pytest

from service.reconciling.payouts import Parts, open_parts


@pytest.mark.parametrize(("shown", "fee_max", "left"), [
    ([], 0, Parts()),
    ([-70_00], 0, Parts()),
    ([-40_00], 0, Parts(("e0",), -40_00)),
    ([-40_00, -30_00], 0, Parts()),
    ([-40_00, -29_99], 0, Parts(("e0", "e1"), -69_99)),
    ([-40_00, -30_01], 0, Parts(("e0", "e1"), -70_01)),
    ([-40_00, -30_01], 10_00, Parts()),  # the bank's fee
    ([-40_00, -40_01], 10_00, Parts(("e0", "e1"), -80_01)),
    ([-40_00, -39_99], 10_00, Parts()),
    ([-70_00, 70_00], 0, Parts()),
    ([-70_00, 70_00, -20_00], 0, Parts(("e2",), -20_00)),  # its second try
    ([-70_00, 40_00], 0, Parts(("e1",), 40_00)),
    ([-70_00, 40_00, 30_00], 0, Parts()),
    ([-60_00, 60_00], 0, Parts()),  # what was wrong came back
    ([-60_00, 60_00, -70_00], 0, Parts()),
    ([-40_00, -40_00, 10_00], 0, Parts()),  # too much, and put right
    ([-70_00, -70_00], 0, Parts()),  # twice: each is a whole
    ([-69_00, -70_00], 0, Parts(("e0",), -69_00)),
    ([-69_00, -70_00, 69_00], 0, Parts()),
])  # fmt: skip
def test_what_is_no_whole_yet(shown: list[int], fee_max: int, left: Parts) -> None:
    rows = [(f"e{number}", amount) for number, amount in enumerate(shown)]
    assert open_parts(rows, 70_00, fee_max) == left
