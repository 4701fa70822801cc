"""Who may call: keys of merchants, partners and operators."""
