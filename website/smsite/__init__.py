"""The documentation site: pages made of the code, and the building of the whole. Nothing of it runs in the operator."""
