"""What a training run is: the trial, a value that names all that decides its outcome, and when it stops.

The methods that a trial is made of live in folders of their own (starts, regularizers, callbacks, models,
optimizers, data); a new way to stop is a class in `stops.py`; what a chapter compares is an item of trials (`item.py`).
"""
