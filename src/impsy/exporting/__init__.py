"""What is given away: models in the form that pages carry."""
