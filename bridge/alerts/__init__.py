"""From what was recorded to an alert, and to its end.

rules, rulebase   what is worth an alert: app.yaml's rules as typed values
verdicts/, views  pure: one rule and one subject at one moment -> firing, clear, or nothing to say
usual, rates      what is usual for an account, and shares that are judged
life              pure: one alert's states
desk              in a transaction: verdicts become rows; what falls due
casebook, wall    the rows of alerts with their events; which messages show them
acts              what people do: acknowledge, snooze, assign, resolve
routes, silences  who hears of it, and what nobody wants to hear
breaker           `action: pause`
"""
