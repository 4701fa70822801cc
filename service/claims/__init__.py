"""Claims on who bears a loss: their states and days, what they show, how they are decided and paid."""
