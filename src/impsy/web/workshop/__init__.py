"""A workshop: an instrument for each guest, all of one template, shown to who leads it on one wall."""
