"""What is checked once a site file has been read: each module one subject."""
