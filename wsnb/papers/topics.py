"""The headings under which the book counts claims, and the effects that several papers speak of."""

OFFLINE, ONLINE = "The gap, offline", "The gap, online"
EARLY, DECAY, RATES = "Early stopping", "Weight decay", "Learning rate and batch size"

ONLINE_GAP = "random init − warm start, test accuracy, mean over the steps after the first, points"
SAVED = "images saved by the fastest warm start within a point of the best random init, % of the latter's"
