"""How the models in the repository are made; nothing here runs in the service."""
