"""Each looks at one part of an installation, changes nothing, and says what it found."""
