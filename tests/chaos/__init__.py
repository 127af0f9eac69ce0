"""The chaos run, in short, and the parts that it is made of."""
