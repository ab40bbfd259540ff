"""Every parser that strangers reach is given what no one would write, for as long as one likes, and a corpus is kept.

`python -m tests.fuzz`: see there. What was found once is tried by the suite for ever.
"""
