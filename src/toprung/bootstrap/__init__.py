"""The composition: the only place that names concrete classes."""
