"""The configuration on the page: its file, its forms, its versions, the wizard."""
