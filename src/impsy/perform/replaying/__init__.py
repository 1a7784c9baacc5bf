"""A recorded performance again: from its journal, exactly, or from the rows of its log."""
