"""The ports of this machine on the page, and mapping them by moving them."""
