"""Reading and validating what people write: parameters, schemes and tables of data."""
