"""What the utility gets: the bill of a tariff, and reports."""
