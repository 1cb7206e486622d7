"""AWS STS: temporary credentials, and who am I?"""
