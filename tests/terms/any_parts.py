"""Any whole in any parts: terms with sums agreed once for all of it, and the amounts captured one by one."""

from hypothesis import strategies as st
from msgspec import structs

from service.terms.parts import Part
from service.terms.terms import Captures, Cost, DownPaymentAt, FeeDue, Payer, Terms
from tests.terms.any_terms import amounts, any_terms

costs = st.lists(
    st.builds(
        Cost,
        name=st.just("cost"),
        amount=st.sampled_from([0, 1, 7, 199, 20_00]),
        bps=st.sampled_from([0, 150, 300]),
        due=st.sampled_from(FeeDue),
        payer=st.sampled_from([Payer.CONSUMER, Payer.CONSUMER, Payer.MERCHANT]),
    ),
    max_size=3,
).map(tuple)


@st.composite
def terms_with_sums(draw: st.DrawFn) -> Terms:
    """Terms with costs of all kinds, a balloon and a down payment, each fixed or a share."""
    terms = draw(any_terms())
    at = draw(st.sampled_from(DownPaymentAt))
    return structs.replace(
        terms,
        first_due_days=terms.first_due_days or (None if at is DownPaymentAt.SCHEDULE else terms.first_due_days),
        down_payment=draw(st.sampled_from([0, 0, 1, 50_00])),
        down_payment_at=at,
        balloon=draw(st.sampled_from([0, 0, 1, 100_00])),
        costs=draw(costs),
        captures=Captures.OWN_TERM,
    )


@st.composite
def partitions(draw: st.DrawFn) -> list[Part]:
    """A whole in up to seven parts."""
    whole = draw(amounts)
    cuts = draw(st.sets(st.integers(1, max(1, whole - 1)), max_size=6)) - {whole}
    ends = [*sorted(cuts), whole]
    sizes = tuple(end - begin for begin, end in zip([0, *ends], ends, strict=False))
    return [Part(whole, sizes[:count], amount) for count, amount in enumerate(sizes)]
