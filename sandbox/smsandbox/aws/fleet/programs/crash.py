"""A container that says why and dies at once."""

import sys

if __name__ == "__main__":
    print("starting", flush=True)
    sys.exit("RuntimeError: this program always crashes")
