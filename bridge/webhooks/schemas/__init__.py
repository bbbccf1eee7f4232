"""What is sent of each type of event, described: fields, meaning, an example, and a JSON Schema out of these.

forms        what descriptions are made of
seen, ours   the fields of `data`: of what was seen at a vendor, and of what happens here
data         which type has which
guides_*     what each type means, with an example
published    the schemas
"""
