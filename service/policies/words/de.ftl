# Warum nicht, oder warum noch nicht: gesagt der Person, die abgelehnt wird. Ein Satz, der für sich wahr ist.

## Der Einkauf
MERCHANT_INACTIVE = Dieses Geschäft bietet das spätere Bezahlen zurzeit nicht an.
CURRENCY_NOT_SERVED = In dieser Währung ist späteres Bezahlen nicht möglich.
PRODUCT_NOT_SERVED = Für diese Art von Einkauf ist späteres Bezahlen nicht möglich.
AMOUNT_TOO_LOW = Der Einkauf liegt unter dem kleinsten Betrag, für den wir dies anbieten können.
AMOUNT_TOO_HIGH = Der Einkauf liegt über dem größten Betrag, für den wir dies anbieten können.
TERM_NOT_SERVED = Diese Anzahl von Raten können wir für diesen Einkauf nicht anbieten.
PRICE_ABOVE_LEGAL_CAP = Innerhalb der gesetzlichen Kostengrenze haben wir für diesen Einkauf kein Angebot.

## Was bei uns offen ist
LIMIT_EXCEEDED = Der Einkauf übersteigt, was von Ihrem Rahmen bei uns noch frei ist.
PAYMENT_OVERDUE = Eine Zahlung an uns ist überfällig.
STOP_SUPPLY = Eine Zahlung an uns ist so lange überfällig, dass wir Ihnen nicht auf Rechnung verkaufen dürfen.
TOO_MANY_OPEN_PLANS = Sie haben bei uns zu viele Pläne, die noch nicht abbezahlt sind.
TOO_MANY_ATTEMPTS = Es gab zu viele Anfragen in kurzer Zeit.
HISTORY_TOO_SHORT = Dafür sind Sie noch nicht lange genug bei uns.
DEPOSIT_CLAIMED = Eine Kaution von Ihnen musste schon einmal in Anspruch genommen werden.

## Wenn die Kaution gemeint ist
PRODUCT_NOT_SERVED-deposit = Für diese Art von Einkauf können wir keine Kaution senken.
AMOUNT_TOO_LOW-deposit = Die Kaution liegt unter der kleinsten, die wir senken können.
AMOUNT_TOO_HIGH-deposit = Die Kaution liegt über der größten, die wir senken können.
LIMIT_EXCEEDED-deposit = Was von Ihrem Rahmen bei uns noch frei ist, reicht nicht, um diese Kaution zu senken.
HISTORY_TOO_SHORT-deposit = Um diese Kaution zu senken, müssten mehr Ihrer Kautionen unbeansprucht zurückgekommen sein.

## Wer darf
UNDER_AGE = Sie sind jünger, als es für dieses Angebot erlaubt ist.
AREA_NOT_SERVED = An Ihrem Wohnort bieten wir dies nicht an.
IDENTITY_UNCONFIRMED = Wir konnten Ihre Identität nicht bestätigen.
INFORMATION_MISSING = Uns fehlen Angaben, die wir für die Entscheidung brauchen.
REVIEW_NEEDED = Ihre Anfrage muss von einer Mitarbeiterin oder einem Mitarbeiter geprüft werden.

## Umstände
AGE_OF_APPLICANT = Ihr Alter spricht gegen diese Anfrage.
ACCOUNT_STANDING = Der Stand Ihres Girokontos spricht gegen diese Anfrage.
CREDIT_HISTORY = Wie frühere Kredite zurückgezahlt wurden, spricht gegen diese Anfrage.
OTHER_CREDITS = Ihre Kredite bei anderen sprechen gegen diese Anfrage.
OTHER_INSTALMENT_PLANS = Ihre Ratenpläne bei anderen sprechen gegen diese Anfrage.
SAVINGS = Ihre Ersparnisse sind gering oder uns nicht bekannt.
PROPERTY = Ihr Eigentum ist gering oder uns nicht bekannt.
HOUSING = Ihre Wohnsituation spricht gegen diese Anfrage.
TIME_AT_ADDRESS = Wie lange Sie an Ihrer Adresse wohnen, spricht gegen diese Anfrage.
EMPLOYMENT_TIME = Die Dauer Ihrer jetzigen Beschäftigung spricht gegen diese Anfrage.
OCCUPATION = Ihr Beruf spricht gegen diese Anfrage.
INCOME = Ihr Einkommen ist für diese Anfrage gering oder uns nicht bekannt.
INSTALMENT_TO_INCOME = Die Raten würden einen großen Teil Ihres Einkommens beanspruchen.
DEPENDANTS = Die Zahl der Menschen, für die Sie sorgen, spricht gegen diese Anfrage.
GUARANTEE = Niemand sonst steht für die Rückzahlung ein.
CONTACT_DETAILS = Ihre Kontaktdaten sind unvollständig.
PURPOSE = Was Sie kaufen, spricht gegen diese Anfrage.
AMOUNT_OF_CREDIT = Die Höhe des Kredits spricht gegen diese Anfrage.
LENGTH_OF_CREDIT = Die Laufzeit des Kredits spricht gegen diese Anfrage.
BUREAU_RECORD = Ein Eintrag bei einer Auskunftei spricht gegen diese Anfrage.

## Die Mitteilung
notice-title-declined = Wir konnten Ihrem Einkauf nicht zustimmen
notice-title-referred = Wir prüfen Ihren Einkauf noch
notice-about = Am { $day } wollten Sie bei { $merchant } einen Betrag von { $amount } später bezahlen. Entscheidung { $decision }.
notice-reasons = Die wesentlichen Gründe, der gewichtigste zuerst:
notice-alternatives = Dem könnten wir stattdessen zustimmen:
notice-alternative = { $change ->
    [shorter_term] Kürzere Laufzeit: { $financed } in { $instalments } Raten
    [larger_down_payment] { $paid } sofort und { $financed } später
    [smaller_waiver] Eine Kaution von { $held } statt { $deposit }
   *[smaller_amount] Ein Einkauf über { $price }
}
notice-decided = { $by ->
    [person] Eine Mitarbeiterin oder ein Mitarbeiter hat sich Ihre Anfrage angesehen. Sie können Ihren Standpunkt darlegen, eine Erläuterung erhalten, wie die Entscheidung zustande kam, und verlangen, dass wir sie noch einmal prüfen; das kostet Sie nichts.
    [nobody] Ein Computer hat Ihre Anfrage geprüft und überlässt die Entscheidung einer Mitarbeiterin oder einem Mitarbeiter. Sie können Ihren Standpunkt darlegen und eine Erläuterung erhalten; das kostet Sie nichts.
   *[computer] Die Entscheidung hat ein Computer getroffen, anhand von Daten über Sie und diesen Einkauf. Sie können verlangen, dass ein Mensch sie überprüft, Ihren Standpunkt darlegen und eine Erläuterung erhalten, wie die Entscheidung zustande kam und was sie für Sie bedeutet; das kostet Sie nichts.
}
notice-contest = Schreiben Sie uns dazu und nennen Sie die Entscheidung: { $decision }.
notice-rights-EU = Wenn ein Eintrag bei einer Auskunftei mitgewirkt hat, teilen wir Ihnen unentgeltlich mit, bei welcher, was er enthielt und welche Arten von Daten gezählt haben. Wenn Schulden Sie belasten, helfen Schuldnerberatungsstellen, unabhängig von uns.
notice-rights-GB = Wenn ein Eintrag bei einer britischen Auskunftei mitgewirkt hat, nennen wir sie Ihnen und sagen, wie Sie sie erreichen. Sind Sie mit uns nicht einverstanden, können Sie sich an den Financial Ombudsman Service wenden.
notice-bureau-US = Wenn der Bericht einer Auskunftei (consumer reporting agency) mitgewirkt hat, nennen wir sie Ihnen und sagen, wie Sie sie erreichen. Sie hat die Entscheidung nicht getroffen und kann sie nicht begründen. Innerhalb von 60 Tagen erhalten Sie von ihr eine unentgeltliche Kopie des Berichts; was darin unvollständig oder falsch ist, können Sie bei ihr bestreiten.
notice-rights-US = Das Bundesgesetz über gleiche Kreditchancen (Equal Credit Opportunity Act) verbietet es, Antragstellende zu benachteiligen wegen Rasse, Hautfarbe, Religion, nationaler Herkunft, Geschlecht, Familienstand oder Alter (soweit sie geschäftsfähig sind), weil ihr Einkommen ganz oder teilweise aus öffentlicher Unterstützung stammt, oder weil sie in gutem Glauben ein Recht aus dem Consumer Credit Protection Act ausgeübt haben.
notice-rights-other = Sie können jederzeit fragen, was wir über Sie gespeichert haben, und Falsches berichtigen lassen.

## Die Angaben zu einem Angebot
disclosure-title = Was dieses Angebot kostet
disclosure-about = Angeboten am { $day } bei { $merchant }. Angebot { $offer }.
disclosure-line-more = Wenn die Bestellung etwas mehr kostet
disclosure-more = Für Versand oder Trinkgeld dürfen zu diesen Bedingungen bis zu { $percent } % mehr berechnet werden: insgesamt { $most }.
disclosure-deposit = Eine Kaution kostet nichts, solange sie nicht in Anspruch genommen wird; sie ist kein Kredit.
deposit-line-deposit = Kaution
deposit-line-held = Auf Ihrer Karte vorgemerkt
deposit-line-waived = Nicht verlangt, sondern bei uns auf Kredit
deposit-line-unclaimed = Wenn nichts beansprucht wird
deposit-line-claimed = Wenn sie beansprucht wird
deposit-line-late_payment = Kosten bei Zahlungsverzug
deposit-unclaimed = Ihre Karte wird nicht belastet, und Sie schulden nichts.
deposit-claimed = { $first ->
    [card] Zuerst werden bis zu { $held } von Ihrer Karte abgebucht. Was darüber hinaus beansprucht wird, höchstens { $waived }, schulden Sie uns innerhalb von
   *[nothing] Was beansprucht wird, höchstens { $waived }, schulden Sie uns innerhalb von
} { $days ->
    [one] einem Tag
   *[other] { $days } Tagen
} nach der Inanspruchnahme.
deposit-late = Für verspätete Zahlung wird nichts berechnet.
disclosure-rate = { $rate } % { $method ->
    [us_actuarial] ist ein nominaler Jahreszins nach der versicherungsmathematischen Methode der Regulation Z.
    [irr_nominal] ist der monatliche interne Zinsfuß mal zwölf.
    [irr_effective] ist der interne Zinsfuß, auf ein Jahr verzinst.
   *[eu_effective] ist ein effektiver Jahreszins, in dem alle Kosten enthalten sind.
}
disclosure-law = Nach:
