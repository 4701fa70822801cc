-- A partner who sends an earlier file again, after another one, corrects that one: a reconciliation of its own.
alter table reconciliations drop constraint reconciliations_content_once;
