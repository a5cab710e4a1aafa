"""What was found out: records, which are committed, and weights, a cache beside them.

A record answers a trial and is found by its key; to add what every record holds, see `Record` and raise its format.
"""
