"""Learning: fit a scorecard to how past purchases ended, and hold a policy against them. For people at a desk.

    table        a file of past purchases, only the columns asked for
    past         each row as the checkout it would be here, and how it ended
    replaying    those checkouts decided by a policy, each yes with its price
    profit       what a yes brought, in minor units
    backtest     how well a policy would have done       fairness   whom it would have treated otherwise
    binning, fitting, validating, training, draft        a scorecard from data, and the policy it becomes
    spread       how far a figure may be chance          record     what a training leaves behind
    plots, painting, printing                            for the eye
    commands     tenor train, tenor backtest, tenor fairness

Nothing of the service imports this; only training needs more than the service's own packages.
"""
