"""The energy report as pages: HTML and PDF, in Korean and English, with pictures."""
