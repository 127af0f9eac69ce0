"""The pages of a report: what they say, in both languages, and that the font is in the PDF."""
