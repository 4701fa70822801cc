"""The words of disclosures in other languages than English, where a law has words of its own in them.

A label that stands here for a law is its own; a law without any here is disclosed in English whatever was asked for.
"""

from typing import Final

from msgspec import Struct

from service.printed import percent_in
from service.terms.terms import PaidEarly, RebateMethod


class Phrases(Struct, frozen=True, kw_only=True):
    """What stands around the figures, in English unless a language says otherwise; `{}` is where a figure goes."""

    months: tuple[str, str] = ("{} month", "{} months")  # of one; of several
    days: tuple[str, str] = ("{} day", "{} days")  # the same
    one_payment: str = "{count} of {amount} on {on}"
    payments: str = "{count} of {amount} from {on}"
    then: str = ", then "
    yearly: str = "{} % a year"
    item: str = "{amount}, {rate} % a year of the principal outstanding, to the lender"
    to_the_seller: str = "{} paid to the seller"
    prepaid: str = ", less {} of prepaid finance charge"
    withdrawal: tuple[str, str] = ("Within {} day, without a reason", "Within {} days, without a reason")  # the same
    early_repayment: str = "At any time, in full or in part; nothing is charged for it."
    early_by_the_day: str = (
        "At any time, in full or in part; nothing is charged for it, and interest is owed up to that day only."
    )
    early_by_the_period: str = (
        "At any time, in full or in part; nothing is charged for it, and interest is owed up to the next due date only."
    )
    early_by_time_left: str = (
        "At any time, in full or in part; nothing is charged for it. Who asks what settles all of it and pays that on"
        " the same day owes no interest and no costs of the time left."
    )
    early_by_interest_left: str = (
        "At any time, in full or in part; nothing is charged for it. Who asks what settles all of it and pays that on"
        " the same day owes no interest of the time left."
    )
    early_by_statute: str = (
        "At any time, in full or in part; nothing is charged for it. Who asks what settles all of it is given the"
        " rebate of the Consumer Credit (Early Settlement) Regulations 2004, on a date 28 days later."
    )
    early_by_rule_of_78: str = (
        "At any time, in full or in part; nothing is charged for it. Who asks what settles all of it and pays that on"
        " the same day owes no unearned interest, which is found by the rule of 78."
    )
    early_less_compensation: str = (
        "At any time, in full or in part. Who asks what settles all of it and pays that on the same day owes no"
        " interest and no costs of the time left, but a compensation of at most {} % of what is repaid early, and of no"
        " more than that interest."
    )
    early_by_statute_less_compensation: str = (
        "At any time, in full or in part. Who asks what settles all of it is given the rebate of the Consumer Credit"
        " (Early Settlement) Regulations 2004, on a date 28 days later, less a compensation of at most {} % of what is"
        " repaid early."
    )
    early_at_full_cost: str = (
        "At any time, in full or in part. Nothing is charged for it, and nothing is given back: interest and costs are"
        " owed as scheduled."
    )
    late_payment: str = "Nothing is charged for paying late."
    none: str = "None"
    agency: str = "We may search a credit reference agency."
    ombudsman: str = "If you are not content with us, you may go to the Financial Ombudsman Service."
    warning: str = "Caution! Borrowing money costs money."
    nothing_else: str = "Nothing else is charged while payments are made when due."

    def early(
        self, has_interest: bool, has_fees: bool, interest_follows: PaidEarly | None, rebate: RebateMethod,
        compensation_bps: int = 0, language: str = "en",
    ) -> str:  # fmt: skip
        """What is said of paying early: the terms go first; what they do not give up the law may.

        A compensation is at most so many basis points of what is repaid.
        """
        if not has_interest and not has_fees:
            return self.early_repayment
        if has_interest and interest_follows is not None:
            if interest_follows is not PaidEarly.AT_ONCE:
                return self.early_by_the_period
            if not has_fees or rebate is not RebateMethod.PROPORTIONAL:
                return self.early_by_the_day
        if compensation_bps and rebate in (RebateMethod.PROPORTIONAL, RebateMethod.ACTUARIAL):
            is_statutory = rebate is RebateMethod.ACTUARIAL
            said = self.early_by_statute_less_compensation if is_statutory else self.early_less_compensation
            return said.format(percent_in(language, compensation_bps))
        return {
            RebateMethod.RULE_OF_78: self.early_by_rule_of_78,
            RebateMethod.PROPORTIONAL: self.early_by_time_left,
            RebateMethod.ACTUARIAL: self.early_by_statute,
            RebateMethod.UNEARNED: self.early_by_interest_left,
        }.get(rebate, self.early_at_full_cost)


ENGLISH: Final = Phrases()
GERMAN: Final = Phrases(
    months=("{} Monat", "{} Monate"),
    days=("{} Tag", "{} Tage"),
    one_payment="{count} zu {amount} am {on}",
    payments="{count} zu {amount} ab {on}",
    then=", dann ",
    yearly="{} % pro Jahr",
    withdrawal=("Innerhalb von {} Tag, ohne Angabe von Gründen", "Innerhalb von {} Tagen, ohne Angabe von Gründen"),
    early_repayment="Jederzeit, ganz oder teilweise; dafür wird nichts berechnet.",
    early_by_the_day="Jederzeit, ganz oder teilweise; dafür wird nichts berechnet, und Zinsen fallen nur bis dahin an.",
    early_by_the_period=(
        "Jederzeit, ganz oder teilweise; dafür wird nichts berechnet, und Zinsen fallen nur bis zur nächsten"
        " Fälligkeit an."
    ),
    early_by_time_left=(
        "Jederzeit, ganz oder teilweise; dafür wird nichts berechnet. Wer erfragt, was alles ablöst, und es am selben"
        " Tag zahlt, schuldet keine Zinsen und Kosten der restlichen Laufzeit."
    ),
    early_less_compensation=(
        "Jederzeit, ganz oder teilweise. Wer erfragt, was alles ablöst, und es am selben Tag zahlt, schuldet keine"
        " Zinsen und Kosten der restlichen Laufzeit, aber eine Vorfälligkeitsentschädigung von höchstens {} % des"
        " vorzeitig zurückgezahlten Betrags, und nie mehr als diese Zinsen."
    ),
    early_at_full_cost=(
        "Jederzeit, ganz oder teilweise. Dafür wird nichts berechnet und nichts erstattet: Zinsen und Kosten sind wie"
        " vereinbart zu zahlen."
    ),
    late_payment="Für verspätete Zahlung wird nichts berechnet.",
    warning="Achtung! Kreditaufnahme kostet Geld.",
)
CHINESE: Final = Phrases(
    one_payment="{on} 还款 {count} 期，{amount}",
    payments="自 {on} 起 {count} 期，每期 {amount}",
    then="；其后 ",
    item="{amount}，按未还本金年化 {rate} %，由贷款人收取",
    late_payment="逾期不收取费用。",
    none="无",
    nothing_else="除上述各项外，正常履约时不再收取任何其他费用。",
)

PHRASES: Final = {"en": ENGLISH, "de": GERMAN, "zh": CHINESE}

# By language and law: the labels, by the names of their lines.
LABELS: Final[dict[tuple[str, str], dict[str, str]]] = {
    ("de", "EU"): {  # BGB 491a ff., EGBGB 247, PAngV 17: the German words of the directive
        "rate": "Sollzinssatz",
        "charges": "Sonstige Kosten",
        "credit": "Nettodarlehensbetrag",
        "apr": "Effektiver Jahreszins",
        "duration": "Vertragslaufzeit",
        "cash_price": "Barzahlungspreis",
        "down_payment": "Anzahlung",
        "total_cost": "Gesamtkosten des Kredits",
        "total_payable": "Gesamtbetrag",
        "instalments": "Teilzahlungen",
        "late_payment": "Kosten bei Zahlungsverzug",
        "withdrawal": "Widerrufsrecht",
        "early_repayment": "Vorzeitige Rückzahlung",
        "warning": "Warnhinweis",
    },
    ("zh", "CN"): {
        "paid_at_once": "首付款（不计入本金）",
        "credit": "本金",
        "interest": "利息",
        "charges": "其他费用",
        "apr": "年化综合融资成本（复利，内部收益率法）",
        "simple_rate": "年化综合融资成本（单利）",
        "instalments": "还款计划",
        "total_payable": "还款总额",
        "late_payment": "或有违约成本",
        "nothing_else": "说明",
    },
}
