"""Events of GPUs: parsing, matching, counting, keeping."""
