"""From trials to records: who trains, in which order, how long it takes.

`run.py` is the way in; a crew (`local.py`, processes of this machine, or `cluster.py`, Ray) does what it is given;
another way to train several at a time is a class with the methods of :class:`wsnb.running.crew.Crew`.
"""
