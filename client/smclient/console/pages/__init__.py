"""The pages, a module each with its blueprint: they read through `backend()` and show views; they compute nothing."""
