"""Real servers, and one that misbehaves, for the tests of the push exporters."""
