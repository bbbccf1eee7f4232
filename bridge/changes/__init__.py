"""What is changed at a vendor: decided, written down, asked for once, read back.

decisions        pure: which change of a task makes sense
edits, ledger    what an edit must say, since a vendor forgets what is left out
tasks            pausing, holding, resuming, editing, deleting a task
deeds            any other change, once
letters, drafts, posting   single messages: what they say, where they wait, how they go out
"""
