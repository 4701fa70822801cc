"""Credit insurance: policies, limits of debtors, premium, losses abroad, what an insurer is told."""
