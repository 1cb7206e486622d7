"""AWS IAM: users, roles and the policies that hang on them."""
