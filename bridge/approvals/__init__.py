"""From a wish to send to its end; docs/architecture.md draws the way.

policy                 pure: who must say yes, and how many
proposals, gathering   what a person is asked to approve: its hash, and how it is read at the vendor
asking, requests       a request's row: asked for, found, escalated, expired
ballots                votes, rejections, withdrawals
handover, claimed      who carries it out, and what they report
execution, drafted     carrying it out, once: a task, and a message that waits here
found                  sends that nobody approved here
cards, cardface        the messages that show a request, and what they say
"""
