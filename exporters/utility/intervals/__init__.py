"""What a site used in each quarter-hour: read, validated, estimated where it may be, and logged."""
