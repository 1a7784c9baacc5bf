"""Learning while playing, in the session: the process that learns, and handing over what it learnt."""
