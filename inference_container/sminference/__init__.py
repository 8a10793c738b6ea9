"""The inference container: serves scikit-learn models by the SageMaker container contract. Knows no AWS API."""
