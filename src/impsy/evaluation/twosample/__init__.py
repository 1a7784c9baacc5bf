"""The two-sample test: can a classifier tell what a model plays from what players play?"""
