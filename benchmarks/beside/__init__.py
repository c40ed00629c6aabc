"""Our connectors for Twilio and Aircall beside manifests that behave as Airbyte's own connectors are documented to."""
