"""Bank messages for tests, as a bank writes them."""

from collections.abc import Sequence
from typing import Any

IBAN = "DE89370400440532013000"
OTHER_IBAN = "DE75512108001245126199"


def entry(amount: str, name: str = "NOTPROVIDED", reference: str = "R1", **more: Any) -> str:
    """One payment; an amount with a minus is what we paid."""
    return _entry(amount, reference, _payment(name, more.pop("text", "")), **more)


def batch(amount: str, payments: Sequence[tuple[str, str]], reference: str = "R1") -> str:
    """One entry of several payments, each with its amount."""
    told = "".join(
        f"<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs>{_amount(part)}{_direction(part)}</TxDtls>"
        for name, part in payments
    )
    return _entry(amount, reference, told)


def message(
    entries: Sequence[str],
    opening: str = "0.00",
    closing: str = "0.00",
    *,
    kind: str = "053",
    version: str = "08",
    message_id: str = "M1",
    iban: str = IBAN,
    sequence: int | None = None,
) -> bytes:
    """A whole message with one statement."""
    counted = f"<ElctrncSeqNb>{sequence}</ElctrncSeqNb>" if sequence is not None else ""
    balances = balance("OPBD", opening) + balance("CLBD", closing) if kind == "053" else ""
    account = f"<Acct><Id><IBAN>{iban}</IBAN></Id></Acct>"
    made = "<CreDtTm>2026-03-03T01:00:00Z</CreDtTm>"
    root, one = ("BkToCstmrStmt", "Stmt") if kind == "053" else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.'
        f'{version}"><{root}><GrpHdr><MsgId>{message_id}</MsgId>{made}</GrpHdr><{one}><Id>S-{message_id}</Id>{counted}'
        f"{made}{account}{balances}{''.join(entries)}</{one}></{root}></Document>"
    )
    return text.replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>").encode() if version < "08" else text.encode()


def _entry(amount: str, reference: str, details: str, status: str = "BOOK", currency: str = "EUR") -> str:
    return (
        f"<Ntry>{_amount(amount, currency)}{_direction(amount)}<Sts><Cd>{status}</Cd></Sts>"
        "<BookgDt><Dt>2026-03-02</Dt></BookgDt><ValDt><Dt>2026-03-02</Dt></ValDt>"
        f"<AcctSvcrRef>{reference}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>"
        f"<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _payment(name: str, text: str) -> str:
    told = f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else ""
    return f"<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs>{told}</TxDtls>"


def _amount(amount: str, currency: str = "EUR") -> str:
    return f'<Amt Ccy="{currency}">{amount.removeprefix("-")}</Amt>'


def _direction(amount: str) -> str:
    return f"<CdtDbtInd>{'DBIT' if amount.startswith('-') else 'CRDT'}</CdtDbtInd>"


def balance(word: str, amount: str) -> str:
    """One of its balances, as the code says: OPBD, CLBD."""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{word}</Cd></CdOrPrtry></Tp>{_amount(amount)}{_direction(amount)}"
        "<Dt><Dt>2026-03-02</Dt></Dt></Bal>"
    )
