"""Ways to compute a model's outputs, every one of them bit for bit scikit-learn's."""
