"""Asks python3-jsonschema, which shares no code with the program, for its verdicts.

Usage: validate.py SCHEMA < documents, one JSON value a line, > "accept" or "refuse", one a line.
Exits with 3 where the validator is not installed.
"""

import json
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(3)

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
for line in sys.stdin.buffer:
    print("accept" if validator.is_valid(json.loads(line)) else "refuse")
