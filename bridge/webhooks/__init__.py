"""The same events as signed requests, out and in.

in    inbound (verify, answer) -> adapters/ (one a sender) -> journal (one commit for many) -> arrivals (rows)
out   feed (a row an event and endpoint) -> queues (claim, in order) -> deliveries (send) -> fates (what became of it)
      endpoints (who is told), envelope and schemas/ (what they are told), signing, destinations (where it may go)
"""
