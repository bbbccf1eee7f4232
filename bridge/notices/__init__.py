"""What people are shown in Slack: rows that are rendered as they are now.

telling          a notice is wanted, or wanted again
subscriptions    what a channel or a person has asked to be told
faces            what each kind of notice shows
outbox, claims   sending: who has a receiver, and when
endings          what a call to Slack came to
threads          what stands under a message
watch, messagewatch   one task's progress, one message's fate
"""
