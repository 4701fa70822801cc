-- Insurers, guarantors and others who bear losses call with keys of their own, and have endpoints.

alter table keys
    drop constraint keys_audience_is_known,
    add constraint keys_audience_is_known check (audience in ('merchant', 'partner', 'operator', 'processor', 'support'));

alter table endpoints
    drop constraint endpoints_audience_is_known,
    add constraint endpoints_audience_is_known check (audience in ('merchant', 'partner', 'support'));
