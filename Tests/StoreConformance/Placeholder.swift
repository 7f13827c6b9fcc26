// Built by its own commit.
