"""The HTTP interface: a module for each group of addresses under ``/api``, and the table that they make together."""
