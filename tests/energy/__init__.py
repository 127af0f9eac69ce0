"""The energy core: nothing lost, nothing twice, nothing guessed in silence."""
