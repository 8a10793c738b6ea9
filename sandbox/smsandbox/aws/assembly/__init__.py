"""A whole simulator, put together of all the others."""
