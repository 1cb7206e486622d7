"""Amazon S3, simulated: buckets and objects, sealed by S3's own key, by alias/aws/s3, or by the customer's key."""
