"""Those who were invited: what each role may do, the codes that let them in, and the picture of such a code."""
