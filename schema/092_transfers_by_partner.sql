-- Nobody looks for transfers by their partner and day any more: a partner's files are made of its events (partner_events).
drop index transfers_for_partner;
