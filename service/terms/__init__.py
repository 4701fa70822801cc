"""What a credit costs: rhythm, schedule, day counts, rates, quote, disclosure, early settlement. Knows no plan."""
