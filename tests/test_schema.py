"""The database says what the service says: the same words, in the same order, and types that are PostgreSQL's own."""

import re
from collections.abc import Iterable
from pathlib import Path

from service.access.key import Audience
from service.actor import ActorKind
from service.approvals.approval import ApprovalState
from service.audit.entry import Thing, Verb
from service.authentication.asked import State
from service.checkout.answer import Outcome as Decided
from service.checkout.review import ReviewOutcome
from service.claims.claim import LossClaimState, Rejection
from service.db import Pool
from service.factoring.assignment import AssignmentState, AssignmentStepKind, Mode
from service.factoring.batch import BatchState
from service.factoring.payment import PaidTo
from service.factoring.purchase import Recourse
from service.factoring.receivable import ReceivableKind
from service.insurance.limit import LimitSource, LimitState
from service.jobs.retention import LAWS
from service.ledger.chart import LedgerAccount, Occasion
from service.limits.change import LimitRule
from service.merchants.adjustment import AdjustmentReason
from service.merchants.payout import PayoutState, Step, WordOf
from service.merchants.settlement import LineKind
from service.outside.consent import NEAREST, Channel
from service.outside.source import DataType, Purpose, SourceOutcome
from service.partners.layouts import FileType, TxnType
from service.partners.months_flow import Rows
from service.partners.ownership import TransferKind, TransferReason, TransferStatus
from service.partners.received import ReceivedState, ReceivedType
from service.payments.charge import ChargeState, Origin, Reason
from service.payments.hold import HoldState
from service.payments.instrument import InstrumentKind
from service.payments.payback import PaybackState
from service.payments.processor import Protocol
from service.payments.processor_dispute import FoundState
from service.people.doubt import DoubtOutcome
from service.people.identifier import IdentifierKind
from service.people.move import MoveReason
from service.people.pause import PersonPause
from service.plans.offer import Authenticator, Kind, Scenario
from service.plans.state import CollectionState, PlanState
from service.plans.subsidy import SubsidyKind
from service.reconciling.found import BreakClass, Leg
from service.reconciling.life import BreakState, BreakStepKind
from service.reconciling.statement import StatementKind
from service.reconciling.verdict import Verdict
from service.reports.access import BasisKind, ReportPurpose
from service.reports.record import RecordKind
from service.subsidies.granted import VoucherState
from service.support.arrangement import Cause
from service.support.capacity import ArrangementState
from service.support.claim_terms import EffortKind, Evidence
from service.support.cover_set import CoverMode, EnrolmentState
from service.support.loss import LossState
from service.support.pool_flow import Movement
from service.support.recovering import RecoverySource
from service.webhooks.endpoint import DeliveryState, EndpointState

# Every check that lists words, and who else lists them.
WORDS: dict[str, Iterable[str]] = {
    "approvals_state_is_known": ApprovalState,
    "assignment_batches_state_is_known": BatchState,
    "assignment_steps_what_is_known": AssignmentStepKind,
    "assignments_mode_is_known": Mode,
    "assignments_recourse_is_known": Recourse,
    "assignments_state_is_known": AssignmentState,
    "receivable_payments_received_by_is_known": PaidTo,
    "receivables_kind_is_known": ReceivableKind,
    "audit_entries_thing_is_known": Thing,
    "audit_entries_verb_is_known": Verb,
    "bank_messages_kind_is_known": StatementKind,
    "bank_unnamed_kind_is_known": StatementKind,
    "break_steps_what_is_known": BreakStepKind,
    "breaks_kind_is_known": BreakClass,
    "breaks_leg_is_known": Leg,
    "breaks_state_is_known": BreakState,
    "charges_made_by_is_known": ActorKind,
    "charges_origin_is_known": Origin,
    "charges_reason_is_known": Reason,
    "charges_state_is_known": ChargeState,
    "business_records_kind_is_known": RecordKind,
    "report_accesses_basis_is_known": BasisKind,
    "report_accesses_purpose_is_known": ReportPurpose,
    "report_consents_purpose_is_known": ReportPurpose,
    "consents_channel_is_known": Channel,
    "consumer_identifiers_kind_is_known": IdentifierKind,
    "consents_data_types_are_known": DataType,
    "consents_purpose_is_known": Purpose,
    "debtor_limit_steps_source_is_known": LimitSource,
    "debtor_limit_steps_state_is_known": LimitState,
    "decisions_outcome_is_known": Decided,
    "enquiries_data_type_is_known": DataType,
    "enquiries_purpose_is_known": Purpose,
    "gateways_data_types_are_known": DataType,
    "instruments_kind_is_known": InstrumentKind,
    "authentications_by_is_known": Authenticator,
    "authentications_state_is_known": State,
    "claim_documents_kind_is_known": Evidence,
    "collection_efforts_kind_is_known": EffortKind,
    "cover_sets_mode_is_known": CoverMode,
    "daily_files_type_is_known": FileType,
    "enrolments_state_is_known": EnrolmentState,
    "loss_claims_rejection_is_known": Rejection,
    "loss_claims_state_is_known": LossClaimState,
    "loss_recoveries_source_is_known": RecoverySource,
    "losses_cause_is_known": Cause,
    "losses_state_is_known": LossState,
    "support_capacity_state_is_known": ArrangementState,
    "keys_audience_is_known": Audience,
    "limit_changes_rule_is_known": LimitRule,
    "facts_actor_is_known": ActorKind,
    "payouts_state_is_known": PayoutState,
    "endpoints_audience_is_known": ("merchant", "partner", "support"),
    "endpoints_state_is_known": EndpointState,
    "deliveries_state_is_known": DeliveryState,
    "facade_notices_state_is_known": DeliveryState,
    "payout_steps_step_is_known": Step,
    "payouts_word_is_known": WordOf,
    "partner_payouts_word_is_known": WordOf,
    "insurer_settlements_word_is_known": WordOf,
    "insurer_settlements_state_is_known": PayoutState,
    "insurer_settlement_steps_word_is_known": WordOf,
    "insurer_settlement_steps_step_is_known": Step,
    "partner_payout_steps_word_is_known": WordOf,
    "payout_steps_word_is_known": WordOf,
    "permissions_scenario_is_known": Scenario,
    "person_doubts_outcome_is_known": DoubtOutcome,
    "kept_at_least_what_is_known": (*LAWS, *Rows),
    "months_gone_what_is_known": Rows,
    "ownership_transfers_kind_is_known": TransferKind,
    "ownership_transfers_reason_is_known": TransferReason,
    "ownership_transfers_status_is_known": TransferStatus,
    "partner_events_type_is_known": TxnType,
    "partner_payouts_state_is_known": PayoutState,
    "partner_payout_steps_step_is_known": Step,
    "person_pauses_why_is_known": PersonPause,
    "person_moves_reason_is_known": MoveReason,
    "plans_changed_by_is_known": ActorKind,
    "plans_state_by_is_known": ActorKind,
    "plans_collection_state_is_known": CollectionState,
    "plans_kind_is_known": Kind,
    "plans_state_is_known": PlanState,
    "pool_movements_kind_is_known": Movement,
    "holds_reason_is_known": Reason,
    "holds_state_is_known": HoldState,
    "paybacks_reason_is_known": Reason,
    "paybacks_state_is_known": PaybackState,
    "processor_disputes_state_is_known": FoundState,
    "processors_protocol_is_known": Protocol,
    "received_files_state_is_known": ReceivedState,
    "received_files_type_is_known": ReceivedType,
    "reconciliations_verdict_is_known": Verdict,
    # What is heard of a call is whatever can come of asking, less what comes without a call.
    "reports_outcome_is_known": [one for one in SourceOutcome if one not in (SourceOutcome.CACHED, *NEAREST)],
    "reviews_outcome_is_known": ReviewOutcome,
    "settlement_adjustments_reason_is_known": AdjustmentReason,
    "vouchers_state_is_known": VoucherState,
    "subsidy_payments_kind_is_known": SubsidyKind,
    "settlement_lines_kind_is_known": LineKind,
    "transfers_credit_is_known": LedgerAccount,
    "transfers_debit_is_known": LedgerAccount,
    "transfers_occasion_is_known": Occasion,
    "trial_differences_outcomes_are_known": Decided,
}


async def test_the_database_has_the_same_words(pool: Pool) -> None:
    checks = await pool.fetch(
        r"select conname, pg_get_constraintdef(oid) as says from pg_constraint where conname ~ '_(is|are)_known$'"
    )
    listed = {row["conname"]: await _words(pool, row["says"]) for row in checks}
    assert listed == {name: [str(word) for word in words] for name, words in WORDS.items()}


async def _words(pool: Pool, check: str) -> list[str]:
    """Those that a check lists, itself or by a function."""
    if called := re.search(r"ANY \((\w+)\(\)\)", check):
        listed: list[str] = await pool.fetchval(f"select {called[1]}()")
        return listed
    return re.findall(r"'(\w+)'::text", check)


async def test_all_types_are_postgresqls_own(pool: Pool) -> None:
    own = await pool.fetch(
        "select typname from pg_type where typnamespace = 'public'::regnamespace and typtype in ('d', 'e')"
    )
    assert not own


async def test_every_bucket_is_a_smallint_in_range(pool: Pool) -> None:
    tables = await pool.fetch(
        """
        select c.relname as table, a.atttypid::regtype::text as type,
               exists (select from pg_constraint k
                        where k.conrelid = c.oid and k.conname = c.relname || '_bucket_in_range') as is_checked
          from pg_class c
          join pg_attribute a on a.attrelid = c.oid and a.attname = 'bucket'
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        """
    )
    assert len(tables) > 0
    assert {(row["type"], row["is_checked"]) for row in tables} == {("smallint", True)}


# Promises that are wider than a consumer: where the buckets are spread over machines, these need more than a key. The
# positions of a day are brought together of all buckets, and stand on one machine.
WIDER = {"idempotency_pk", "merchant_references_pk", "daily_positions_pk", "forgetting_marks_pk"}


async def test_every_key_of_what_has_a_bucket_begins_with_it(pool: Pool) -> None:
    keys = await pool.fetch(
        """
        select i.indexrelid::regclass::text as name, a.attname as begins_with
          from pg_index i
          join pg_attribute b on b.attrelid = i.indrelid and b.attname = 'bucket'
          join pg_class c on c.oid = i.indrelid
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
         where i.indisunique and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and not c.relispartition
        """
    )
    assert {row["name"] for row in keys if row["begins_with"] != "bucket"} == WIDER


async def test_each_column_is_said_to_be_personal_or_not(pool: Pool) -> None:
    """schema/personal_data.md names each column of each table once, and none that is not there."""
    page = Path(__file__).parents[1] / "schema" / "personal_data.md"
    kinds, *tables = page.read_text().split("\n### ")
    named = [
        (table.partition("\n")[0], kind, column)
        for table in tables
        for kind, columns in re.findall(r"^- ([a-z ]+): ((?:`\w+`,?\s*)+)$", table, re.MULTILINE)
        for column in re.findall(r"`(\w+)`", columns)
    ]
    assert {kind for _, kind, _ in named} == set(re.findall(r"^- ([a-z ]+):", kinds, re.MULTILINE))
    rows = await pool.fetch(
        "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 "
        "where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition "
        "and not a.attisdropped"
    )
    assert sorted((table, column) for table, _, column in named) == sorted(map(tuple, rows))
