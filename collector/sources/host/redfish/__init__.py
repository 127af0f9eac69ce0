"""Host power from a management controller's Redfish service."""
