"""Tests of a site's page."""
