"""The headings under which the book counts claims."""

OFFLINE, ONLINE = "The gap, offline", "The gap, online"
EARLY, DECAY, RATES = "Early stopping", "Weight decay", "Learning rate and batch size"
REMEDY, SHRUNK, GRADIENTS = "Shrink-perturb", "Shrinking alone", "Gradients of old and new images"
EXPLANATIONS = "What explains the remedy"
AUGMENTATION = "Augmentation"
TRANSFER = "Transfer"
NEVER_HURTS = "Transfer that never hurts"
