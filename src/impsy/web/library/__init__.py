"""The files of a workspace on the page: takes, datasets, models, and the trash."""
