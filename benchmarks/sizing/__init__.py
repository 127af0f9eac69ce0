"""What a site costs its engines: series, samples, memory, disk; measured, then extrapolated."""
