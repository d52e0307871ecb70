"""What the sub-commands of `newsflow` do; imported only when called, so that every start is quick."""
