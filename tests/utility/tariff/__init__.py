"""The tariff engine: bills worked by hand, properties, files that are wrong."""
