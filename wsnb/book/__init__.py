"""Making the book: chapters into notebooks, notebooks into pages, pages read by a machine before a person does."""
