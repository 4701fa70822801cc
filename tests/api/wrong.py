"""Values that a field must not take: for fields of each type, and where the type alone does not say it, by field."""

from typing import Any

from service.money import AMOUNT_MAX

HUGE = 10**40

WRONG: dict[type, tuple[Any, ...]] = {
    int: ("100", 100.5, True, None, [], {}, [100], {"amount": 100}, HUGE, -HUGE, 2**63, 2**64, "", "1e2"),
    str: (100, 1.5, True, None, [], {}, ["x"], "a\x00b", "x" * 5_000, "\ud800"),
    bool: ("true", "false", 0, 1, "1", None, [], {}),
    list: ("x", 1, True, {}, [None], [[]], [1.5], ["x"] * 1_000),
    dict: ("x", 1, True, None, [], {"\x00": 1}),
}

# Numbers that Python would write otherwise.
NUMBERS = ("100.0", "1e2", "100.00000000000000000001", "1E400", "-0.0", "10e-1", "1" * 5_000)

# A policy is its author's: its texts and numbers are judged by what they mean (tests/policies), here only their types.
AUTHORED = "/v1/operator/policies"

AMOUNTS = (0, -1, AMOUNT_MAX + 1)
CURRENCIES = ("XXX", "eur", "EURO", "E", "", "EU1", "€€€")
COUNTRIES = ("de", "DEU", "", "D1", "UK", "EL", "EN", "XX", "ZZ", "TX", "US-CA")
ZONES = (
    "Europe/Atlantis",
    "../../etc/passwd",
    "/etc/localtime",
    "Europe/",
    "europe/berlin?",
    "UTC\n",
    "x" * 61,
    "Factory",
    "localtime",
    "posixrules",
)
DATES = ("2026-02-30", "2026-3-2", "02.03.2026", "2026-03-02T00:00:00Z", "20260302", "", "9999-12-31", "0000-01-01")
FAR = ("0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31")
FAR_INSTANTS = (
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2201-01-01T00:00:00Z",
)  # fmt: skip
NO_OFFERS = (
    "of_1", "of_00000000000000000000000000x", "OF_00000000000000000000000000", "of_8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "pl_00000000000000000000000000", "of_0000000000000000000000000i", "of_" + "0" * 5_000,
)  # fmt: skip

# What a type says of its bounds is read from it (places.py); here stands what is known besides. Both sides of an edge
# are told elsewhere.
BOUNDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "/v1/consumers": {
        "/reference": ("", "x" * 201, "a\x1fb", "a\x7fb", "  ", "a\u200b", "\u202ea"),
        "/attributes": ({"": 1}, {"x" * 101: 1}, {"a\nb": 1}, {"a\n": 1}, {"a": 2**53}, {"a": -(2**53)}, {"a": HUGE}),
    },
    "/v1/checkouts": {
        "/amount": AMOUNTS,
        "/items": ([{"name": "x", "unit_amount": 1}], [{"name": "x", "unit_amount": 1}] * 201),
        "/currency": CURRENCIES,
        "/merchant_reference": ("", "x" * 101, "\t", "\u3000", "\ufeffa"),
        "/consumer": ("co_1", "co_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "pl_00000000000000000000000000", "co_" + "l" * 26),
        "/kinds": ([], ["loan"], ["instalments"] * 2, ["instalments", "pay_after_use", "deposit", "deposit"]),
        "/deposit_amount": (-1, AMOUNT_MAX + 1),
        "/instalments": (0, -1, 121),
        "/category": ("x" * 101,),
        "/items/0/quantity": (0, -1, 1_000_001),
        "/items/0/name": ("", "x" * 201),
        "/items/0/unit_amount": (AMOUNT_MAX + 1, -AMOUNT_MAX - 1, 49_99),
    },
    "/v1/plans": {"/offer_id": NO_OFFERS},
    "/v1/plans/{plan_id}/capture": {
        "/amount": (*AMOUNTS, 98_99),
        "/items/0/amount": (AMOUNT_MAX + 1, -AMOUNT_MAX - 1),
        "/discounts/0/amount": (-1, AMOUNT_MAX + 1),
        "/items/0/name": ("",),
    },
    "/v1/plans/{plan_id}/claims": {"/amount": AMOUNTS, "/evidence": ("x" * 2_001,)},
    "/v1/plans/{plan_id}/release": {"/amount": AMOUNTS},
    "/v1/plans/{plan_id}/payments": {
        "/amount": AMOUNTS,
        "/received_on": DATES[:-2],
        "/reference": ("", "x" * 201, "\x00"),
    },
    "/v1/quotes": {
        "/terms/rate_percent": (
            9,
            9.5,
            True,
            "",
            "1_0",
            " 5",
            "5 ",
            "+5",
            "5\n",
            "\u0665",
            "5,0",
            "5.",
            ".5",
            "1e1",
            "NaN",
            "sNaN",
            "Infinity",
            "5" * 21,
        ),
        "/terms/costs": ([{"name": ""}], [{"name": "a\n", "amount": 1}]),
        "/amount": AMOUNTS,
        "/currency": CURRENCIES,
        "/jurisdiction": COUNTRIES,
        "/start_on": DATES[:-2],
    },
    "/v1/operator/merchants": {
        "/name": ("", "x" * 201),
        "/country": (*COUNTRIES, "EU"),
        "/time_zone": ZONES,
        "/fees": ({"loan": {"bps": 1}}, {"instalments": {"bps": 10_001}}, {"instalments": {"fixed": -1}}),
    },
    "/v1/consumers/{consumer_id}/consents": {
        "/subject": ("", "x" * 201, "a\x1fb"),
        "/purpose": ("", "marketing", "Credit_Decision"),
        "/data_types": ([], ["health"], ["income", "income"], ["income"] * 4),
        "/sources": ([], ["Simulator"], ["simulator"] * 2, ["nowhere"], ["simulator"] * 21, ["../simulator"]),
        "/from_on": (*DATES[:-2], "2026-12-32"),
        "/to_on": (*DATES[:-2], "0001-01-01"),
        "/times": (0, -1, 1_001),
        "/expires_at": (
            "2026-04-01",
            "2026-04-01T00:00:00",
            "2026-03-02T12:00:00Z",
            "9999-12-31T23:59:59Z",
            "tomorrow",
        ),
        "/channel": ("", "by_dream"),
        "/evidence": ("", "x" * 501, "a\x7fb"),
    },
    "/v1/consumers/{consumer_id}/permissions": {
        "/scenario": ("", "anything", "Trial"),
        "/evidence": ("", "x" * 501, "a\x7fb"),
    },
    "/v1/operator/gateways": {
        "/name": ("", "Bureau", "a b", "x" * 65, "simulator"),
        "/url": (
            "",
            "bureau.example",
            "ftp://bureau.example/",
            "file:///etc/passwd",
            "//bureau.example",
            "https://",
            "https://ada:secret@bureau.example/",
            "https://bureau.example/#x",
            "https://bureau.example/?key=x",
            "https://bureau.example:99999/",
            "https://bureau.example/ ask",
            "https://[::1",
            "https://bureau.example/" + "x" * 500,
            "javascript:alert(1)",
            "https://xn--/",
            "https://xn--a-ecp.example/",
            "https://bureau.example/?",
            "https://bureau.example/#",
            "https://bureau.example:/",
            "https://%zz/",
            "https://bureau\\.example/",
        ),
        "/data_types": ([], ["health"], ["income", "income"]),
    },
    "/v1/operator/programmes": {
        "/kind": ("", "loan"),
        "/currency": CURRENCIES,
        "/participants": ([],),
        "/participants/0/partner_id": ("", "pa_1", "me_00000000000000000000000000"),
        "/participants/0/principal_bps": (-1, 10_001),
        "/time_zone": ZONES,
        "/cut_off": ("", "24:01", "7:00", "23:60", "23:00:00"),
        "/calendar": ("XX", "DE-XX"),
        "/eligibility/kinds": (["loan"], ["instalments"] * 2),
        "/eligibility/amount_min": (-1,),
        "/eligibility/instalments_max": (0, 1_201),
        "/capacity_per_month": (0, -1, AMOUNT_MAX + 1),
    },
    "/v1/operator/allocation-quotes": {
        "/merchant_id": ("", "me_1", "pa_00000000000000000000000000"),
        "/kind": ("", "loan"),
        "/currency": ("", "eur", "EURO"),
        "/amount": AMOUNTS,
        "/instalments": (-1, 1_201),
        "/grade": ("", "a", "AAAAA"),
        "/category": ("", "Ab", "x" * 65),
        "/jurisdiction": ("", "de", "XX"),
    },
    "/v1/operator/keys": {
        "/audience": ("", "root", "Merchant"),
        "/owner_id": ("", "x" * 201, " ada", "ada ", "ada  l", "ada\u00a0"),
        "/scopes": ([], ["x"] * 21, ["nope"], ["*x"], ["plans", "policies"], ["plans "], ["plans:"], ["plans:pay"]),
        "/origins": (
            *(
                [one]
                for one in (
                    "",
                    "*",
                    "null",
                    "https://*.shop.example",
                    "https://shop.example/",
                    "https://shop.example/x",
                    "http://shop.example",
                    "https://SHOP.example",
                    "https://a@shop.example",
                    "https://shop.example:",
                    "https://shop.example:443",
                    "https://shop.example:0",
                    "https://shop.example?x",
                    "shop.example",
                    "https://-shop.example",
                    "https://shop..example",
                    "ftp://shop.example",
                    "https://shop.example\n",
                )
            ),
            ["https://shop.example"] * 2,
        ),
        "/expires_at": (*DATES, "2026-04-01T00:00:00", "2026-03-02T12:00:00Z", "tomorrow"),
    },
    "/v1/operator/keys/{key_id}/rotate": {
        "/overlap_hours": (-1, 169),
    },
    "/v1/operator/programmes/{programme_id}/files": {"/business_on": (*DATES[:-2], "0001-01-01", "1999-12-31")},
    "/v1/operator/breaks/{break_id}/assign": {"/owner": ("", "x" * 201, " partner", "partner ")},
    "/v1/operator/consumers/{consumer_id}/accounts/{currency}": {"/limit": (-1, AMOUNT_MAX + 1)},
    "/v1/operator/limit-reviews": {
        "/consumer": ("co_1", "co_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "pl_00000000000000000000000000"),
        "/currency": CURRENCIES,
    },
}
