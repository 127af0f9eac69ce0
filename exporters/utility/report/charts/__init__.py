"""Pictures of a load and its cost, as small SVG that browsers and the PDF show alike."""
