"""What `DataLoader` is made of: fetching, collating, and the loop of a worker process."""
