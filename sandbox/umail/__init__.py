"""U-Mail, as its two documents describe it: 000 (2019, HTTP Basic) and 001 (V3.0, MD5 parameters)."""
