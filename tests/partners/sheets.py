"""Files to read: a good one, and any."""

from hypothesis import strategies as st

from service import ids
from service.partners.file import COLUMNS, Amounts, FileWriter, Row

A, B, C = (f"pl_01JD8Q4Z7K7M8W3N5V2C9XT{letter}00" for letter in "ABC")
HEADER = ",".join(COLUMNS)
GOOD = f"{HEADER}\r\n{A},EUR,350.00,0.00,0.00,350.00\r\n{B},EUR,0.00,70.00,1.23,280.00\r\n"
GOOD_ROWS = [Row(A, "EUR", Amounts(35000, 0, 0, 35000)), Row(B, "EUR", Amounts(0, 7000, 123, 28000))]

plan_ids = st.builds(ids.new_id, st.just(ids.PLAN), st.integers(0, 1023), st.integers(0, 2**48 - 1))
amounts = st.integers(-(10**9), 10**9)
rows = st.lists(
    st.builds(
        Row,
        plan_ids,
        st.sampled_from(["EUR", "JPY", "KWD"]),
        st.builds(Amounts, amounts, amounts, amounts, amounts),
    ),
    max_size=12,
)


def written(some: list[Row]) -> bytes:
    """As we write it."""
    writer = FileWriter()
    writer.add(some)
    return writer.content
