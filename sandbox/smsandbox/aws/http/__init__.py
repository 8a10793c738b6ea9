"""The way in: a socket or a hook in this process, and one gateway behind both."""
